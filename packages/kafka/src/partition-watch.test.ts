import { FreshetError } from "@freshet/protocol";
import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { createStubCluster } from "../tests/stub-cluster.js";
import { after, endAll, startOn } from "../tests/stub-consumption.js";

const timing = { batchDeadlineMs: 20, stallMs: 200 };
const never = new Promise<never>(() => undefined);
const partitions = [0, 1, 2];
const away = { kind: "wait", error: new FreshetError("FR2001", "wait", "Redis is away", "Wait."), retryAfterMs: 5 } as const;

describe("a partition of which nothing moves", () => {
  for (const brokers of [["1"], ["1", "2", "3"]]) {
    test(`for its handler never settles, with ${brokers.length} broker(s), is fatal, however well the others do`, async () => {
      const cluster = createStubCluster({ partitions, end: 1_000_000, brokers, leaderOf: (at) => 1 + (at % brokers.length) });
      const consumption = startOn(
        cluster,
        (batch, control, endBatch) => (batch.partition === 2 ? never : endAll(batch, control, endBatch)),
        { timing },
      );
      await until(() => consumption.fatal.length > 0);
      expect(consumption.fatal.map((error) => error.code)).toEqual(["FR3009"]);
      expect(consumption.fatal[0]?.message).toContain("t/2");
      expect(cluster.stored.has(2)).toBe(false);
      await after(30);
      expect(consumption.fatal).toHaveLength(1);
      await consumption.stop();
    });
  }

  test("for kafkajs lost it from sight is fatal: nobody but the broker knows", async () => {
    // a partition whose leader no fetcher serves
    const cluster = createStubCluster({ partitions: [0, 1], end: 30, brokers: ["1"], leaderOf: (at) => 1 + at });
    const consumption = startOn(cluster, endAll, { timing });
    await until(() => consumption.fatal.length > 0);
    expect(consumption.fatal[0]?.message).toContain("t/1");
    await consumption.stop();
  });
});

describe("nothing is fatal", () => {
  test("of partitions that are read to their end, or whose handler says that it waits", async () => {
    const cluster = createStubCluster({ partitions, end: 30 });
    let calls = 0;
    const consumption = startOn(
      cluster,
      (batch, control, endBatch) => {
        if (batch.partition !== 2) return endAll(batch, control, endBatch);
        calls++;
        return Promise.resolve(away);
      },
      { timing: { ...timing, stallMs: 60 } },
    );
    await until(() => calls > 40);
    expect(consumption.fatal).toEqual([]);
    await consumption.stop();
  });

  test("of partitions that were at their end before, or of which nothing is left", async () => {
    for (const [start, end, stored] of [
      [0, 30, 30],
      [30, 30, null],
    ] as const) {
      const cluster = createStubCluster({ partitions: [0], start, end });
      if (stored !== null) cluster.stored.set(0, stored);
      let asked = 0;
      const { offsets } = cluster;
      Object.assign(cluster, { offsets: (topics: readonly string[]) => offsets(topics).finally(() => asked++) });
      const consumption = startOn(cluster, endAll, { timing: { ...timing, stallMs: 20 } });
      await until(() => asked > 15);
      expect([consumption.fatal, consumption.ended]).toEqual([[], []]);
      await consumption.stop();
    }
  });

  test("of a partition in which something moves now and then", async () => {
    const script = { partitions: [0], end: 3 };
    const cluster = createStubCluster(script);
    let asked = 0;
    const { offsets } = cluster;
    Object.assign(cluster, { offsets: (topics: readonly string[]) => offsets(topics).finally(() => asked++) });
    // There is always more than was read, and at every third look something was. The looks are the clock: a look is 40 ms.
    const consumption = startOn(
      cluster,
      async (batch, control, endBatch) => {
        const before = asked;
        await until(() => asked >= before + 2 || control.shouldStop());
        script.end += 6;
        return await endAll(batch, control, endBatch);
      },
      { timing: { batchDeadlineMs: 10_000, stallMs: 160 }, clock: { nowMs: () => asked * 40 } },
    );
    await until(() => consumption.ended.length > 12, { timeoutMs: 60_000 });
    expect(consumption.fatal).toEqual([]);
    await consumption.stop();
  });

  test("while the broker does not say where the log ends: its trouble is told elsewhere", async () => {
    const cluster = createStubCluster({ partitions: [0], end: 30 });
    let asked = 0;
    const offsets = cluster.offsets;
    Object.assign(cluster, {
      offsets: (topics: readonly string[]) => {
        asked++;
        return asked % 2 === 0 ? Promise.reject(new Error("away")) : offsets(topics);
      },
    });
    const consumption = startOn(cluster, () => never, { timing: { ...timing, stallMs: 40 } });
    await until(() => asked > 15);
    expect(consumption.fatal).toEqual([]);
    await consumption.stop();
  });

  test("and nobody is asked, while everything moves", async () => {
    const cluster = createStubCluster({ partitions: [0], end: 1_000_000 });
    let asked = 0;
    Object.assign(cluster, { offsets: () => Promise.reject(new Error(`asked ${++asked}`)) });
    const consumption = startOn(cluster, endAll, { timing: { stallMs: 8_000 } });
    const beganMs = performance.now();
    // Two looks and more: they come every two seconds.
    await until(() => consumption.ended.length > 600 && performance.now() - beganMs > 4_500);
    expect(asked).toBe(0);
    await consumption.stop();
  });
});
