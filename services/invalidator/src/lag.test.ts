import type { KafkaRecord } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { createLag } from "./lag.js";

const at = { topic: "t", partition: 0 };
const record = (offset: number, timestampMs: number): KafkaRecord => ({ ...at, offset, timestampMs, key: null, value: null, headers: [] });

function setUp() {
  const clock = { ms: 10_000, nowMs: () => clock.ms };
  const lag = createLag(clock);
  lag.assigned([at]);
  const reading = () => lag.readings()[0];
  return { clock, lag, reading };
}

describe("the age of the oldest record that has not ended", () => {
  test("is 0 before anything came", () => {
    expect(setUp().reading()).toEqual({ ...at, records: 0, oldestAgeMs: 0 });
  });

  test("is that of the next record, while slices end", () => {
    const { clock, lag, reading } = setUp();
    const records = [record(5, 1000), record(6, 4000), record(9, 9000)];
    lag.batchArrived({ ...at, records, highWatermark: 20 });
    expect(reading()).toEqual({ ...at, records: 15, oldestAgeMs: 9000 });
    lag.sliceSettled(at, records.slice(0, 2));
    expect(reading()).toEqual({ ...at, records: 11, oldestAgeMs: 1000 });
    clock.ms += 500;
    expect(reading()).toMatchObject({ oldestAgeMs: 1500 });
  });

  test("grows while the partition waits, with nothing under way", () => {
    const { clock, lag, reading } = setUp();
    lag.batchArrived({ ...at, records: [record(5, 9000)], highWatermark: 6 });
    lag.batchEnded(at);
    expect(lag.hasWork()).toBe(true);
    clock.ms += 60_000;
    expect(reading()).toEqual({ ...at, records: 1, oldestAgeMs: 61_000 });
  });

  test("is 0 once the end is reached", () => {
    const { lag, reading } = setUp();
    const records = [record(5, 1000)];
    lag.batchArrived({ ...at, records, highWatermark: 6 });
    lag.sliceSettled(at, records);
    lag.batchEnded(at);
    expect(reading()).toEqual({ ...at, records: 0, oldestAgeMs: 0 });
  });

  test("between two batches is that of the last record, and 0 when nothing more comes: those are control records", () => {
    const { clock, lag, reading } = setUp();
    const records = [record(5, 9900)];
    lag.batchArrived({ ...at, records, highWatermark: 7 });
    lag.sliceSettled(at, records);
    lag.batchEnded(at);
    expect(reading()).toEqual({ ...at, records: 1, oldestAgeMs: 100 });
    clock.ms += 31_000;
    expect(reading()).toEqual({ ...at, records: 0, oldestAgeMs: 0 });
  });

  test("never is negative, and a record without a timestamp is as old as our knowledge of it", () => {
    const { clock, lag, reading } = setUp();
    lag.batchArrived({ ...at, records: [record(5, 99_000)], highWatermark: 6 });
    expect(reading()).toMatchObject({ oldestAgeMs: 0 });
    lag.batchArrived({ ...at, records: [record(5, -1)], highWatermark: 6 });
    clock.ms += 300;
    expect(reading()).toMatchObject({ oldestAgeMs: 300 });
  });

  test("counts an undecodable range to its end", () => {
    const { lag, reading } = setUp();
    const marker = { ...record(5, 1000), undecodable: { firstOffset: 5, lastOffset: 9, problem: "p" } };
    lag.batchArrived({ ...at, records: [marker], highWatermark: 10 });
    lag.sliceSettled(at, [marker]);
    expect(reading()).toMatchObject({ records: 0 });
  });

  test("of a partition that is lost is not told any more", () => {
    const { lag } = setUp();
    lag.batchArrived({ ...at, records: [record(5, 1000)], highWatermark: 6 });
    lag.assigned([{ topic: "t", partition: 1 }]);
    expect(lag.readings()).toEqual([{ topic: "t", partition: 1, records: 0, oldestAgeMs: 0 }]);
    expect(lag.assignedCount).toBe(1);
    expect(lag.hasWork()).toBe(false);
  });
});
