import { freshPrefix, testRedisUrl } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { describeRace } from "../bench/race/report.js";
import { type RaceReport, runRace } from "../bench/race/run-race.js";
import type { RacePlan } from "../bench/race/world.js";
import { testSeed } from "./config.js";

const READS = 200_000;
const READS_WITHOUT_GATE = 20_000;
const seed = testSeed();
const mustHappen = [
  ...["stale", "evicted", "busts: removed", "busts: softened", "busts: absent", "busts: covered", "tags: bumped", "tags: covered"],
  ...["tags: pending", "sweeps: ended", "sweeps: taken over", "loads: primary", "loads: replica", "stops: readers", "stops: busters"],
  ...["busy", "lease_lost", "floor", "epoch", "tag_floor", "gone"].map((reason) => `refused: ${reason}`),
];

async function raceWith(gate: RacePlan["gate"], reads: number): Promise<RaceReport> {
  const plan: RacePlan = { redisUrl: testRedisUrl(), prefix: `${freshPrefix("race")}:`, seed, gate };
  const report = await runRace({ ...plan, reads });
  process.stdout.write(describeRace(plan, report));
  return report;
}

test("four processes read and fill, two bust late and out of order, readers stand still for longer than a lease: no stale read", async () => {
  const { checked, stale, witnesses, tally } = await raceWith("on", READS);
  expect({ stale, witnesses }).toEqual({ stale: 0, witnesses: [] });
  expect(checked).toBeGreaterThanOrEqual(READS);
  expect(tally.errors ?? 0).toBe(0);
  // A process that stands still may find its command's deadline over; it tries again, and that must be rare.
  expect(tally.late ?? 0).toBeLessThan(READS / 100);
  // A race in which something never happened says nothing about it.
  const { hit = 0, loaded = 0 } = tally;
  expect({ hasHits: hit > READS / 4, hasFills: loaded > READS / 100 }).toEqual({ hasHits: true, hasFills: true });
  expect(mustHappen.filter((what) => (tally[what] ?? 0) === 0)).toEqual([]);
}, 1_200_000);

test("the same run without lease and floors serves stale reads", async () => {
  const { checked, stale } = await raceWith("off", READS_WITHOUT_GATE);
  expect(checked).toBeGreaterThanOrEqual(READS_WITHOUT_GATE);
  expect(stale).toBeGreaterThan(0);
}, 360_000);
