import { join } from "node:path";
import { testKafkaBroker, until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { useActs } from "./acts.js";
import { checkDeadLetters } from "./dead-letters.js";
import { evictMembers } from "./group-members.js";
import { drained, type Scene, stopped } from "./scene.js";
import { type Seeded, seeded } from "./seeded.js";
import type { ServiceProcess } from "./service-process.js";
import type { Place } from "./topics.js";
import { issueSize } from "./workload.js";

/** Where the process dies: `random` is any moment within a second. */
const DEATHS = [
  "after_apply",
  "random",
  "after_settle",
  "mid_slice",
  "before_apply",
  "random",
  "after_apply",
  "after_settle",
  "mid_slice",
  "random",
] as const;
const RUN_MS_MIN = 60_000;
const PER_SECOND = 1550;

describe("S5: no record is lost when the process dies", () => {
  const openAct = useActs();

  test(`killed ${DEATHS.length} times in a run of a minute and more, it ends where the oracle says`, async () => {
    const { scene, act, seed } = await openAct({ name: "s5kill", size: issueSize, entriesPerKind: 20_700 });
    const { sent } = act.workload;
    const startedMs = Date.now();

    // The run in eleven parts of equal length; in the middle of each but the last the process dies.
    const half = Math.ceil(sent.length / (DEATHS.length + 1) / 2);
    const places: Place[] = [];
    const send = (from: number, to: number) => scene.topics.send(scene.topic, sent.slice(from * half, to * half), PER_SECOND);
    const random = seeded(seed);
    let life = await begin(scene, DEATHS[0], random);
    for (const [at, death] of DEATHS.entries()) {
      places.push(...(await send(2 * at, 2 * at + 1)));
      await until(async () => (await life.metric("freshet_events_total")) > 0, { timeoutMs: 90_000, what: "the process takes records" });
      const sending = send(2 * at + 1, 2 * at + 2);
      await die(scene, { life, death, random });
      life = await begin(scene, DEATHS[at + 1], random);
      places.push(...(await sending));
    }
    places.push(...(await send(2 * DEATHS.length, 2 * DEATHS.length + 2)));
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(RUN_MS_MIN);
    await drained(scene, life, sent.length);

    expect((await act.differences()).slice(0, 20)).toEqual([]);
    const letters = await scene.topics.readAll(scene.deadLetterTopic);
    expect(checkDeadLetters({ letters, sent, places, expected: act.expected })).toMatchObject({ wrong: [], missing: [] });
    expect(await stopped(life, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 900_000);
});

type Death = (typeof DEATHS)[number];

/** A life that can end at one of the points once it is told to; one that ends at random, or not at all, needs no help. */
async function begin(scene: Scene, death: Death | undefined, random: Seeded): Promise<ServiceProcess> {
  if (death === undefined || death === "random") return await scene.start();
  return await scene.start({ file: join(import.meta.dirname, "crashing-main.ts"), args: [death, String(random.integer(1, 4))] });
}

/** Has the process die by SIGKILL within a second or two, while records come. */
async function die(scene: Scene, end: { life: ServiceProcess; death: Death; random: Seeded }): Promise<void> {
  const { life, death, random } = end;
  const dueMs = Date.now() + random.integer(0, 1500);
  await until(() => Date.now() >= dueMs);
  life.kill(death === "random" ? "SIGKILL" : "SIGUSR2");
  await until(life.isGone, { timeoutMs: 90_000, what: `the process dies at ${death}` });
  expect([death, await life.exited]).toEqual([death, { code: null, signal: "SIGKILL" }]);
  await evictMembers(testKafkaBroker(), scene.group);
}
