import { describe, expect, test } from "@jest/globals";
import { useActs } from "./acts.js";
import { checkDeadLetters } from "./dead-letters.js";
import { poisonReasons } from "./poison.js";
import { type Act, drained, stopped } from "./scene.js";
import { issueSize } from "./workload.js";

const ENTRIES_PER_KIND = 20_900; // some of the managed ones are floors without a value: 20,000 and more are present

describe("S5: no record is lost, none is skipped in silence", () => {
  const openAct = useActs();

  test("100,000 events over 20,000 products end exactly where the oracle says, and every record is accounted for", async () => {
    const { scene, act } = await openAct({ name: "s5", size: issueSize, entriesPerKind: ENTRIES_PER_KIND });
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
  }, 720_000);
});

function present(act: Act, kind: string): number {
  return act.initial.filter((entry) => entry.kind === kind && !("managed" in entry && entry.managed.value === null)).length;
}
