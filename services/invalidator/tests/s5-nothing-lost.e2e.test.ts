import { freshPrefix, testKafkaBroker, testRedisUrl } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { testSeed } from "./config.js";
import { checkDeadLetters } from "./dead-letters.js";
import { poisonReasons } from "./poison.js";
import { type Act, cleanUp, drained, openScene, prepare, type Scene, stopped } from "./scene.js";
import { issueSize } from "./workload.js";

const ENTRIES_PER_KIND = 20_700; // some of the managed ones are floors without a value: 20,000 and more are present

describe("S5: no record is lost, none is skipped in silence", () => {
  let open: { scene: Scene; act: Act | null } | null = null;
  afterEach(async () => {
    if (open === null) return;
    await cleanUp(open.scene, open.act);
    await open.scene.close();
    open = null;
  });

  test("100,000 events over 20,000 products end exactly where the oracle says, and every record is accounted for", async () => {
    const seed = testSeed();
    process.stdout.write(`s5-nothing-lost: seed ${seed}\n`);
    const scene = await openScene({
      name: freshPrefix("s5"),
      broker: testKafkaBroker(),
      redisUrl: testRedisUrl(),
      partitions: issueSize.partitions,
    });
    open = { scene, act: null };
    const act = await prepare(scene, { seed, size: issueSize, entriesPerKind: ENTRIES_PER_KIND });
    open = { scene, act };
    for (const kind of ["managed", "hash", "json", "opaque"]) expect(present(act, kind)).toBeGreaterThanOrEqual(20_000);
    expect((await act.differences()).length).toBeGreaterThan(10_000);

    const { sent } = act.workload;
    const service = await scene.start();
    const places = await scene.topics.send(scene.topic, sent);
    await drained(scene, service, sent.length);

    expect((await act.differences()).slice(0, 20)).toEqual([]);

    const letters = await scene.topics.readAll(scene.deadLetterTopic);
    const { counts } = act.expected;
    expect(checkDeadLetters({ letters, sent, places, expected: act.expected })).toEqual({ wrong: [], missing: [], letters: counts.dead });

    const ended = (outcome: string) => service.metric("freshet_events_total", { outcome });
    expect({ noMatch: await ended("no_match"), ignored: await ended("ignored"), dead: await ended("dead") }).toEqual({
      noMatch: counts.noMatch,
      ignored: counts.ignored,
      dead: counts.dead,
    });
    const [applied, covered] = [await ended("applied"), await ended("covered")];
    expect(applied + covered).toBe(counts.appliedOrCovered);
    expect(applied).toBeGreaterThanOrEqual(counts.appliedAtLeast);
    expect(covered).toBeGreaterThanOrEqual(counts.coveredAtLeast);
    for (const reason of poisonReasons) {
      const dead = [...act.expected.poison.values()].filter((one) => one === reason).length;
      expect([reason, await service.metric("freshet_dlq_records_total", { reason })]).toEqual([reason, dead]);
    }
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 240_000);
});

function present(act: Act, kind: string): number {
  return act.initial.filter((entry) => entry.kind === kind && !("managed" in entry && entry.managed.value === null)).length;
}
