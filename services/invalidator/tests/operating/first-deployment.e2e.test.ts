import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freshPrefix, type OwnRedis, startRedis, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { drained, openScene, type Scene, stopped } from "../scene.js";
import { eventOf, rules } from "../security/secure-bench.js";
import { addReplayTopics, commandsIn, type Say } from "./commands.js";

const USERS = join(import.meta.dirname, "..", "..", "..", "..", "infra", "redis", "users.acl");
const PASSWORD = "observing";

interface Report {
  readonly findings: readonly { readonly name: string; readonly severity: string; readonly problem: string }[];
}

let redis: OwnRedis;
let scene: Scene;
let say: Say;

beforeAll(async () => {
  redis = await startRedis();
  const name = freshPrefix("first");
  scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: redis.url, partitions: 1, rules });
  await addReplayTopics(scene);
  await scene.topics.create({ [`freshet.applied.${name}`]: { partitions: 1 } });
  say = commandsIn(scene.env);
  await addReadOnlyUser();
  for (const [id, version] of Object.entries({ old: 4, newer: 9 })) {
    await scene.redis.set(keyOf(id), JSON.stringify({ version }), "EX", 600);
  }
  const values = [eventOf("old"), eventOf("newer"), Buffer.from("no event")];
  await scene.topics.send(
    scene.topic,
    values.map((value) => ({ partition: 0, key: null, value, headers: [] })),
  );
}, 180_000);
afterAll(async () => {
  await scene?.close();
  await redis?.close();
});

const keyOf = (id: string): string => `${scene.keyPrefix}page:${id}`;

/** As infra/redis/README.md says: the service's rights, and `-@write` behind them. */
async function addReadOnlyUser(): Promise<void> {
  const line = readFileSync(USERS, "utf8").split("\n")[0] ?? "";
  const own: Readonly<Record<string, string>> = { "~fr:*": `~${scene.keyPrefix}fr:*`, "~cache:*": `~${scene.keyPrefix}page:*` };
  const words = line
    .split(" ")
    .slice(2)
    .map((word) => own[word] ?? word);
  await scene.redis.call("ACL", "SETUSER", "observer", ...words, "-@write", `>${PASSWORD}`);
}

describe("a first deployment, as the guide has it", () => {
  test("the doctor finds what belongs to a first time, and what the newest records would become", async () => {
    const { code, printed } = await say<Report>(["doctor"]);
    expect(code).toBe(3);
    const severe = printed.findings.filter(({ severity }) => severity !== "note").map(({ name }) => name);
    expect(severe.filter((name) => name !== "retention-short").toSorted()).toEqual(["lag-stale", "sample-rejected"]);
    expect(printed.findings.find(({ name }) => name === "lag-stale")?.problem).toContain("no_commits");
    expect(printed.findings.map(({ name }) => name)).toContain("bounds-unpublished");
  }, 180_000);

  test("observing changes nothing in Redis, without the right to write: busts are counted, dead letters written", async () => {
    const before = await scene.redis.keys("*");
    const user = { FRESHET_REDIS_USERNAME: "observer", FRESHET_REDIS_PASSWORD: PASSWORD };
    const service = await scene.start({ args: ["--mode", "observe"], env: user });
    const hasRead = async () => (await scene.topics.committed(`${scene.group}-observe`, scene.topic)) === 3;
    await until(hasRead, { timeoutMs: 60_000, what: "all records are read" });
    expect(await service.metric("freshet_busts_total", { family: "page" })).toBe(2);
    expect(await service.metric("freshet_rule_matches_total", { rule: "changed" })).toBe(2);
    expect((await scene.redis.keys("*")).toSorted()).toEqual(before.toSorted());
    expect(await scene.topics.readAll(scene.deadLetterTopic)).toHaveLength(1);
    const letters = await say<object>(["dlq", "list", "--since", "24h"]);
    expect(JSON.stringify(letters.printed)).toContain("undecodable");
    const explained = await say<object>(["explain", keyOf("old"), "--family", "page"]);
    expect(JSON.stringify(explained.printed)).toContain(scene.topic);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 360_000);

  test("in earnest it begins at the oldest record, not where observing ended", async () => {
    expect(await scene.topics.committed(scene.group, scene.topic)).toBeLessThanOrEqual(0);
    const service = await scene.start();
    await drained(scene, service, 3);
    expect([await scene.redis.exists(keyOf("old")), await scene.redis.exists(keyOf("newer"))]).toEqual([0, 1]);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 270_000);

  test("a group whose offsets are lost begins there again, and does no harm", async () => {
    const admin = new kafkajs.Kafka({ brokers: [testKafkaBroker()], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteGroups([scene.group]);
    await admin.disconnect();
    await scene.redis.set(keyOf("old"), '{"version":5}', "EX", 600);
    const service = await scene.start();
    await drained(scene, service, 3);
    expect(await scene.redis.exists(keyOf("old"), keyOf("newer"))).toBe(2);
    expect(await service.metric("freshet_events_total", { outcome: "covered" })).toBe(2);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    // Freshet cannot know that it has written the letter before.
    expect(await scene.topics.readAll(scene.deadLetterTopic)).toHaveLength(3);
  }, 270_000);
});
