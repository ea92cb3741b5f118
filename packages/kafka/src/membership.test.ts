import { startStopwatch, until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { brokerError, createStubCluster, fatalError } from "../tests/stub-cluster.js";
import { after, done, endAll, everything, type StubHandler, startOn } from "../tests/stub-consumption.js";

const partitions = [0, 1, 2];
const endOnly: StubHandler = async (_batch, _control, endBatch) => {
  endBatch();
  return done;
};

describe("a consumption has joined", () => {
  test("when the group has it, and not when kafkajs began to try", async () => {
    let isOpen = false;
    const cluster = createStubCluster({
      partitions,
      end: 9,
      onJoin: () => {
        if (!isOpen) throw fatalError();
      },
    });
    const consumption = startOn(cluster);
    await until(() => cluster.joins > 2);
    expect(consumption.joined).toBe(false);
    isOpen = true;
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === 9));
    expect(consumption.joined).toBe(true);
    expect(consumption.assigned).toEqual([partitions.map((partition) => ({ topic: "t", partition }))]);
    await consumption.stop();
  });

  test("and hears of partitions that nobody reads, because another program is in its group", async () => {
    const cluster = createStubCluster({ partitions, end: 9, alsoAssigned: ["theirs"] });
    const consumption = startOn(cluster);
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === 9));
    expect(consumption.troubles.map(({ code, message }) => [code, message.includes("theirs")])).toEqual([["FR3011", true]]);
    expect(consumption.assigned[0]).toHaveLength(3);
    await consumption.stop();
  });
});

test("a rebalance that one handler meets asks all others to end at once, and not when that one has ended", async () => {
  let wasAsked = false;
  const cluster = createStubCluster({
    partitions: [0, 1],
    end: 9,
    onHeartbeat: (stub) => {
      if (stub.joins === 1) throw brokerError("REBALANCE_IN_PROGRESS");
    },
  });
  const handler: StubHandler = async (batch, control, endBatch) => {
    if (cluster.joins > 1) return endAll(batch, control, endBatch);
    if (batch.partition === 0) {
      await until(async () => (await control.heartbeat().catch(() => "met")) === "met");
      await until(() => wasAsked);
      return done;
    }
    await until(() => control.shouldStop());
    wasAsked = true;
    return done;
  };
  const consumption = startOn(cluster, handler, { timing: { heartbeatIntervalMs: 60_000 } });
  await until(() => cluster.stored.get(0) === 9 && cluster.stored.get(1) === 9);
  expect(consumption.troubles).toEqual([]);
  await consumption.stop();
});

describe("the last offset is committed", () => {
  test("when the log ends with what is no record: the lag gets to 0", async () => {
    const cluster = createStubCluster({ partitions: [0, 1], end: 10, batch: 4, empty: [3, 8, 9] });
    const consumption = startOn(cluster);
    await until(() => cluster.stored.get(0) === 10 && cluster.stored.get(1) === 10);
    expect(consumption.ended).toHaveLength(14);
    await consumption.stop();
  });

  test("over batches in which nothing is left: no handler is asked", async () => {
    const cluster = createStubCluster({ partitions: [0], end: 9, batch: 3, empty: [0, 1, 2, 3, 4, 5, 7] });
    let calls = 0;
    const consumption = startOn(cluster, (batch, control, endBatch) => {
      calls++;
      return endAll(batch, control, endBatch);
    });
    await until(() => cluster.stored.get(0) === 9);
    expect([calls, consumption.ended]).toEqual([1, ["0:6", "0:8"]]);
    await consumption.stop();
  });

  test("by a stop, of everything that had ended", async () => {
    const cluster = createStubCluster({ partitions, end: 1_000_000 });
    const consumption = startOn(cluster, endOnly, { timing: { commitIntervalMs: 60_000 } });
    await until(() => consumption.ended.length > 60);
    await consumption.stop();
    const ended = partitions.map((partition) => consumption.ended.filter((name) => name.startsWith(`${partition}:`)).length);
    expect(partitions.map((partition) => cluster.stored.get(partition) ?? 0)).toEqual(ended);
    expect(cluster.leaves).toBe(1);
  });
});

describe("a stop", () => {
  const handlers: readonly (readonly [string, StubHandler])[] = [
    ["a handler never settles", () => new Promise<never>(() => undefined)],
    ["a handler goes on for as long as it may", async (_batch, control) => until(() => control.shouldStop()).then(() => done)],
  ];
  for (const [what, handler] of handlers) {
    test(`comes to its end although ${what}`, async () => {
      const cluster = createStubCluster({ partitions, end: 30 });
      let calls = 0;
      const counted: StubHandler = (batch, control, endBatch) => {
        calls++;
        return handler(batch, control, endBatch);
      };
      const consumption = startOn(cluster, counted, { timing: { stopTimeoutMs: 200, batchDeadlineMs: 400 } });
      await until(() => calls === 3);
      const watch = startStopwatch();
      await Promise.all([consumption.stop(), consumption.stop()]);
      expect(watch.ms).toBeLessThan(2000);
      watch.stop();
      const { fetches } = cluster;
      await after(15);
      expect([cluster.fetches, cluster.stored.size]).toEqual([fetches, 0]);
    });
  }
});

describe("nothing is committed in a generation in which it did not end", () => {
  for (const [what, assign] of [
    ["comes back to the same member", () => [0, 1]],
    ["went to another", (join: number) => (join === 1 ? [0, 1] : [0])],
  ] as const) {
    test(`when the partition ${what}`, async () => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let isHeld = false;
      let moved = false;
      const cluster = createStubCluster({
        partitions: [0, 1],
        end: 9,
        brokers: ["1", "2"],
        leaderOf: (partition) => partition + 1,
        assign,
        onFetch: (broker) => {
          if (broker !== "1" || moved || !isHeld) return;
          moved = true;
          throw Object.assign(brokerError("REBALANCE_IN_PROGRESS"), { type: "UNKNOWN_LEADER_EPOCH" });
        },
      });
      let calls = 0;
      const consumption = startOn(cluster, async (batch, control, endBatch) => {
        if (batch.partition === 0) return endAll(batch, control, endBatch);
        calls++;
        isHeld = true;
        if (calls === 1) await held;
        else if (calls < 1000) return { ...done };
        endBatch();
        await control.commit().catch(() => undefined);
        await control.heartbeat().catch(() => undefined);
        return done;
      });
      await until(() => cluster.joins === 2);
      release();
      await until(() => cluster.stored.get(0) === 9);
      await after(30);
      expect(cluster.stored.has(1)).toBe(false);
      expect(cluster.commits.every(({ offsets }) => !offsets.has(1))).toBe(true);
      await consumption.stop();
      expect(cluster.stored.has(1)).toBe(false);
    });
  }
});

test("a rebalance while a fetch is under way delivers nothing twice that was ended and committed, and loses nothing", async () => {
  let left = 20;
  const cluster = createStubCluster({
    partitions,
    end: 300,
    brokers: ["1", "2", "3"],
    leaderOf: (partition) => partition + 1,
    onHeartbeat: (stub) => {
      if (left > 0 && stub.heartbeats % 7 === 0) {
        left--;
        throw brokerError("REBALANCE_IN_PROGRESS");
      }
    },
  });
  const consumption = startOn(cluster);
  // Those that are left when the work is done fall into the silence behind it.
  await until(() => left === 0 && partitions.every((partition) => cluster.stored.get(partition) === 300));
  expect([...new Set(consumption.ended)].sort()).toEqual(everything(partitions, 300));
  expect(consumption.ended.length).toBeLessThan(900 * 1.2);
  expect(cluster.consumers).toHaveLength(1);
  await consumption.stop();
});
