import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { brokerError, createStubCluster, type StubScript } from "../tests/stub-cluster.js";
import { endAll, everything, startOn } from "../tests/stub-consumption.js";

type Changing = { -readonly [K in keyof StubScript]: StubScript[K] };

describe("an offset that is outside of the log", () => {
  test("before its beginning: reading goes on at the beginning, and the hole is told with its range", async () => {
    const script: Changing = { partitions: [0, 1], start: 40, end: 60 };
    const cluster = createStubCluster(script);
    cluster.stored.set(0, 10).set(1, 50);
    const consumption = startOn(cluster);
    await until(() => cluster.stored.get(0) === 60 && cluster.stored.get(1) === 60);
    expect(consumption.holes).toEqual([{ topic: "t", partition: 0, askedOffset: 10, resumedAt: 40, cause: "expired" }]);
    expect(consumption.ended.filter((name) => name.startsWith("0:"))[0]).toBe("0:40");
    expect(new Set(consumption.ended).size).toBe(30);
    expect(cluster.consumers).toHaveLength(1);
    expect(consumption.troubles).toEqual([]);
    await consumption.stop();
  });

  test("behind its end, as of a topic that was made anew: everything there is read, and never the end alone", async () => {
    const cluster = createStubCluster({ partitions: [0], end: 30 });
    cluster.stored.set(0, 500);
    const consumption = startOn(cluster);
    await until(() => cluster.stored.get(0) === 30);
    expect(consumption.holes).toEqual([{ topic: "t", partition: 0, askedOffset: 500, resumedAt: 0, cause: "beyond_end" }]);
    expect(consumption.ended).toEqual(everything([0], 30).sort((a, b) => Number(a.slice(2)) - Number(b.slice(2))));
    await consumption.stop();
  });

  test("while it is read, since records were deleted: what was ended before stays ended", async () => {
    const script: Changing = { partitions: [0], end: 90 };
    const cluster = createStubCluster(script);
    const consumption = startOn(cluster, async (batch, control, endBatch) => {
      if (batch.records.at(0)?.offset === 30) script.start = 60;
      return endAll(batch, control, endBatch);
    });
    await until(() => cluster.stored.get(0) === 90);
    expect(consumption.holes).toEqual([{ topic: "t", partition: 0, askedOffset: 33, resumedAt: 60, cause: "expired" }]);
    expect(consumption.ended).toHaveLength(33 + 30);
    await consumption.stop();
  });

  test("is told even when the broker does not say where the log begins now, and when the one who is told throws", async () => {
    const cluster = createStubCluster({ partitions: [0], start: 5, end: 30, offsetQuestionsFail: 1 });
    cluster.stored.set(0, 1);
    let told = 0;
    const consumption = startOn(cluster, endAll, {
      onHole: ({ resumedAt }) => {
        told++;
        throw new TypeError(`an alarm at ${resumedAt}`);
      },
    });
    await until(() => cluster.stored.get(0) === 30);
    expect(told).toBe(1);
    expect(cluster.consumers).toHaveLength(1);
    expect(cluster.joins).toBe(1);
    await consumption.stop();
  });

  test("in the middle of a rebalance is found again, and told once for each time that it was mended", async () => {
    let left = 1;
    const cluster = createStubCluster({
      partitions: [0],
      start: 5,
      end: 30,
      onCommit: () => {
        if (left-- > 0) throw brokerError("REBALANCE_IN_PROGRESS");
      },
    });
    cluster.stored.set(0, 1);
    const consumption = startOn(cluster);
    await until(() => cluster.stored.get(0) === 30);
    expect(consumption.holes).toHaveLength(1);
    await consumption.stop();
  });
});

describe("no hole is told", () => {
  test("of a new group on a log whose beginning is gone already, which is read from there", async () => {
    const cluster = createStubCluster({ partitions: [0], start: 7, end: 30 });
    const consumption = startOn(cluster);
    await until(() => cluster.stored.get(0) === 30);
    expect(consumption.holes).toEqual([]);
    expect(consumption.ended[0]).toBe("0:7");
    await consumption.stop();
  });

  test("of a partition that is new: it is read from its beginning", async () => {
    const script: Changing = { partitions: [0], end: 30 };
    const cluster = createStubCluster(script);
    const consumption = startOn(cluster, async (batch, control, endBatch) => {
      script.partitions = [0, 1];
      return endAll(batch, control, endBatch);
    });
    await until(() => cluster.stored.get(1) === 30);
    expect([...new Set(consumption.ended)].sort()).toEqual(everything([0, 1], 30));
    expect(consumption.holes).toEqual([]);
    await consumption.stop();
  });
});
