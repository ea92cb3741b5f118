import { describe, expect, test } from "@jest/globals";
import { durationMs, Pace, type Rates, sliceRecords } from "./pace.js";

const never = new AbortController().signal;

function paced(rates: Rates) {
  let nowMs = 0;
  const pause = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  const pace = new Pace({ ...rates, clock: { nowMs: () => nowMs }, pause, stop: never });
  return { pace, now: () => nowMs, pass: (ms: number) => (nowMs += ms) };
}

describe("the pace of a replay", () => {
  test("holds to the stricter of two rates", async () => {
    const { pace, now } = paced({ recordsPerSecond: 1000, bustsPerSecond: 100 });
    for (let slice = 0; slice < 11; slice++) (await pace.take(100))(50);
    expect(now()).toBe(5000);
  });

  test("begins no faster than it goes on, however many partitions begin at once", async () => {
    const { pace, now } = paced({ recordsPerSecond: 100, bustsPerSecond: null });
    await Promise.all(Array.from({ length: 12 }, () => pace.take(25)));
    expect(now()).toBe(2750);
  });

  test("expects of a slice the busts that came of the one before", async () => {
    const { pace, now } = paced({ recordsPerSecond: null, bustsPerSecond: 100 });
    (await pace.take(10))(50);
    await Promise.all([pace.take(10), pace.take(10), pace.take(10)]);
    expect(now()).toBe(1500);
  });

  test("does not catch up on what a pause lost", async () => {
    const { pace, now, pass } = paced({ recordsPerSecond: 100, bustsPerSecond: null });
    await pace.take(100);
    pass(60_000);
    await pace.take(100);
    await pace.take(100);
    expect(now()).toBe(61_000);
  });

  test("without rates waits for nothing", async () => {
    const { pace, now } = paced({ recordsPerSecond: null, bustsPerSecond: null });
    for (let slice = 0; slice < 100; slice++) (await pace.take(1e6))(1e6);
    expect(now()).toBe(0);
    expect(durationMs({ records: 5, busts: 5 }, { recordsPerSecond: null, bustsPerSecond: null })).toBe(0);
  });

  test("a slow one takes small slices: a quarter of a second each, of the slower of two rates", () => {
    const records = ([recordsPerSecond, bustsPerSecond]: readonly (number | null)[]): number =>
      sliceRecords({ recordsPerSecond: recordsPerSecond ?? null, bustsPerSecond: bustsPerSecond ?? null }, 200);
    expect([[0.5], [8], [100], [5000], [null], [2000, 40], [null, 40]].map(records)).toEqual([1, 2, 25, 200, 200, 10, 10]);
  });
});
