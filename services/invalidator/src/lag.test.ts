import type { KafkaRecord } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { createLag } from "./lag.js";

const at = { topic: "t", partition: 0 };
const record = (offset: number, timestampMs: number): KafkaRecord => ({ ...at, offset, timestampMs, key: null, value: null, headers: [] });

function setUp() {
  const clock = { ms: 10_000, nowMs: () => clock.ms };
  const lag = createLag(clock);
  lag.assigned([at]);
  const position = () => lag.positions()[0];
  return { clock, lag, position };
}

describe("what this process knows of its partitions", () => {
  test("is nothing before anything came", () => {
    expect(setUp().position()).toMatchObject({ ...at, oldest: null, next: null });
  });

  test("is the next record, while slices end", () => {
    const { lag, position } = setUp();
    const records = [record(5, 1000), record(6, 4000), record(9, 9000)];
    lag.batchArrived({ ...at, records, highWatermark: 20 });
    expect(position()).toMatchObject({ oldest: { offset: 5, timestampMs: 1000 }, next: null, highWatermark: 20 });
    lag.sliceSettled(at, records.slice(0, 2));
    expect(position()).toMatchObject({ oldest: { offset: 9, timestampMs: 9000 }, next: 7, endedTimestampMs: 4000 });
  });

  test("stays while the partition waits, with nothing under way", () => {
    const { lag, position } = setUp();
    lag.batchArrived({ ...at, records: [record(5, 9000)], highWatermark: 6 });
    lag.batchEnded(at);
    expect(lag.hasWork()).toBe(true);
    expect(position()).toMatchObject({ oldest: { offset: 5, timestampMs: 9000 } });
  });

  test("is no record once the end is reached", () => {
    const { lag, position } = setUp();
    const records = [record(5, 1000)];
    lag.batchArrived({ ...at, records, highWatermark: 6 });
    lag.sliceSettled(at, records);
    lag.batchEnded(at);
    expect(position()).toMatchObject({ oldest: null, next: 6 });
    expect(lag.hasWork()).toBe(false);
  });

  test("of a record without a timestamp begins when it came, however often it comes", () => {
    const { clock, lag, position } = setUp();
    lag.batchArrived({ ...at, records: [record(5, -1)], highWatermark: 6 });
    clock.ms += 300;
    lag.batchArrived({ ...at, records: [record(5, -1)], highWatermark: 6 });
    expect(position()).toMatchObject({ oldest: { offset: 5, timestampMs: 10_000 } });
  });

  test("counts an undecodable range from its beginning to its end", () => {
    const { lag, position } = setUp();
    const marker = { ...record(9, 1000), undecodable: { firstOffset: 5, lastOffset: 9, problem: "p" } };
    lag.batchArrived({ ...at, records: [marker], highWatermark: 10 });
    expect(position()).toMatchObject({ oldest: { offset: 5 } });
    lag.sliceSettled(at, [marker]);
    expect(position()).toMatchObject({ next: 10 });
  });

  test("is forgotten with a partition that is lost", () => {
    const { lag } = setUp();
    lag.batchArrived({ ...at, records: [record(5, 1000)], highWatermark: 6 });
    lag.assigned([{ topic: "t", partition: 1 }]);
    expect(lag.positions()).toMatchObject([{ topic: "t", partition: 1, oldest: null }]);
    expect(lag.assignedCount).toBe(1);
    expect(lag.hasWork()).toBe(false);
  });
});
