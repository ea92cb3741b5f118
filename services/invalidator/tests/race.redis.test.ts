import { freshPrefix, testRedisUrl } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { describeRace } from "../bench/race/report.js";
import { type RaceReport, runRace } from "../bench/race/run-race.js";
import type { RacePlan } from "../bench/race/world.js";
import { testSeed } from "./config.js";

const READS = 200_000;
const READS_WITHOUT_GATE = 20_000;
const seed = testSeed();

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
  // A race in which nothing met says nothing.
  const { hit = 0, stale: softened = 0, loaded = 0, errors = 0 } = tally;
  expect({ errors, hasHits: hit > READS / 4, hasSoftened: softened > 0, hasFills: loaded > READS / 100 }).toEqual({
    errors: 0,
    hasHits: true,
    hasSoftened: true,
    hasFills: true,
  });
  for (const met of [
    "refused: floor",
    "refused: lease_lost",
    "refused: tag_floor",
    "refused: gone",
    "refused: epoch",
    "sweeps: ended",
    "evicted",
  ]) {
    expect({ met, times: tally[met] ?? 0 }).not.toEqual({ met, times: 0 });
  }
}, 400_000);

test("the same run without lease and floors serves stale reads", async () => {
  const { checked, stale } = await raceWith("off", READS_WITHOUT_GATE);
  expect(checked).toBeGreaterThanOrEqual(READS_WITHOUT_GATE);
  expect(stale).toBeGreaterThan(0);
}, 120_000);
