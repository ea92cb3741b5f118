import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openScene, type Scene, stopped } from "../scene.js";
import { rules, sendAndSee } from "../security/secure-bench.js";
import { commandsIn } from "./commands.js";

let scene: Scene;
beforeAll(async () => {
  const name = freshPrefix("scaling");
  scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: 1, rules });
}, 180_000);
afterAll(() => scene?.close());

interface Report {
  readonly findings: readonly { readonly name: string; readonly problem: string }[];
}

test("more processes than partitions: the doctor tells of one that idles, and it takes over when the other is told to go", async () => {
  const say = commandsIn(scene.env);
  const idle = async () => (await say<Report>(["doctor"])).printed.findings.filter(({ name }) => name === "members-idle");
  const [first, second] = [await scene.start(), await scene.start()];
  const shares = async () => (await scene.topics.shares(scene.group)).toSorted().join();
  await until(async () => (await shares()) === "0,1", { timeoutMs: 60_000, what: "both are in the group" });
  expect((await idle())[0]?.problem).toBe("2 members share 1 partition");
  await sendAndSee({ scene }, first, "1");

  const worked = (await first.metric("freshet_events_total", { outcome: "applied" })) > 0;
  const [leaving, staying] = worked ? [first, second] : [second, first];
  expect(await stopped(leaving, "SIGTERM")).toEqual({ code: 0, signal: null });
  await sendAndSee({ scene }, staying, "2");
  expect(await idle()).toEqual([]);
  expect(await stopped(staying, "SIGTERM")).toEqual({ code: 0, signal: null });
}, 540_000);
