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
    for (let slice = 0; slice < 11; slice++) await pace.take(100, 50);
    expect(now()).toBe(5000);
  });

  test("does not catch up on what a pause lost", async () => {
    const { pace, now, pass } = paced({ recordsPerSecond: 100, bustsPerSecond: null });
    await pace.take(100, 0);
    pass(60_000);
    await pace.take(100, 0);
    await pace.take(100, 0);
    expect(now()).toBe(61_000);
  });

  test("without rates waits for nothing", async () => {
    const { pace, now } = paced({ recordsPerSecond: null, bustsPerSecond: null });
    for (let slice = 0; slice < 100; slice++) await pace.take(1e6, 1e6);
    expect(now()).toBe(0);
    expect(durationMs({ records: 5, busts: 5 }, { recordsPerSecond: null, bustsPerSecond: null })).toBe(0);
  });

  test("a slow one takes small slices: none longer than a second", () => {
    expect([0.5, 3, 200, 5000, null].map((recordsPerSecond) => sliceRecords({ recordsPerSecond, bustsPerSecond: null }, 200))).toEqual([
      1, 3, 200, 200, 200,
    ]);
  });
});
