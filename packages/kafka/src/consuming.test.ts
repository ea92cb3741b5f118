import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { brokerError, createStubCluster, fatalError } from "../tests/stub-cluster.js";
import { after, done, endAll, everything, type StubHandler, startOn } from "../tests/stub-consumption.js";

const partitions = [0, 1, 2];

describe("an ordinary rebalance", () => {
  for (const type of ["REBALANCE_IN_PROGRESS", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "NOT_COORDINATOR_FOR_GROUP"] as const) {
    for (const place of ["commit", "heartbeat"] as const) {
      test(`${type} at a ${place}: the group is joined again, nothing crashes, nothing is skipped`, async () => {
        let left = 2;
        const strike = (): void => {
          if (left > 0 && cluster.commits.length > 3) {
            left--;
            throw brokerError(type);
          }
        };
        const cluster = createStubCluster({
          partitions,
          end: 60,
          ...(place === "commit" ? { onCommit: strike } : { onHeartbeat: strike }),
        });
        const consumption = startOn(cluster);
        await until(() => partitions.every((partition) => cluster.stored.get(partition) === 60));
        expect([...new Set(consumption.ended)].sort()).toEqual(everything(partitions, 60));
        expect(cluster.consumers).toHaveLength(1);
        expect(cluster.joins).toBeGreaterThanOrEqual(2);
        expect(consumption.troubles).toEqual([]);
        await consumption.stop();
      });
    }
  }

  test("asks the handlers of the other partitions to end, and joins as soon as they have", async () => {
    let asked = false;
    const cluster = createStubCluster({
      partitions: [0, 1],
      end: 9,
      onHeartbeat: (stub) => {
        if (stub.joins === 1 && stub.heartbeats > 1) throw brokerError("REBALANCE_IN_PROGRESS");
      },
    });
    const consumption = startOn(cluster, async (batch, control, endBatch) => {
      if (batch.partition === 0 || cluster.joins > 1) return endAll(batch, control, endBatch);
      await until(() => control.shouldStop());
      asked = cluster.joins === 1;
      return done;
    });
    await until(() => cluster.stored.get(0) === 9 && cluster.stored.get(1) === 9);
    expect(asked).toBe(true);
    await consumption.stop();
  });

  test("in a backlog, where commits are rare: what has ended is committed before the join and not delivered again", async () => {
    const cluster = createStubCluster({
      partitions,
      end: 300,
      onHeartbeat: (stub) => {
        if (stub.joins === 1 && stub.heartbeats > 10) throw brokerError("REBALANCE_IN_PROGRESS");
      },
    });
    const handler: StubHandler = async (_batch, _control, endBatch) => {
      endBatch();
      return done;
    };
    const consumption = startOn(cluster, handler, { timing: { commitIntervalMs: 60_000 } });
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === 300));
    expect(cluster.joins).toBe(2);
    expect([...consumption.ended].sort()).toEqual(everything(partitions, 300));
    await consumption.stop();
  });

  test("takes a partition away in mid-batch: nothing of it is committed afterwards", async () => {
    // two brokers: the fetcher of one joins the group again while a handler of the other is still at work
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let moved = false;
    const cluster = createStubCluster({
      partitions: [0, 1],
      end: 30,
      brokers: ["1", "2"],
      leaderOf: (partition) => partition + 1,
      assign: (join) => (join === 1 ? [0, 1] : [0]),
      onFetch: (broker) => {
        if (broker !== "1" || moved || !stalled) return;
        moved = true;
        const error = brokerError("REBALANCE_IN_PROGRESS");
        // stale metadata makes kafkajs join again inside a fetch, without waiting for handlers
        throw Object.assign(error, { type: "UNKNOWN_LEADER_EPOCH" });
      },
    });
    let stalled = false;
    const seen: boolean[] = [];
    const consumption = startOn(cluster, async (batch, control, endBatch) => {
      if (batch.partition === 0) return endAll(batch, control, endBatch);
      stalled = true;
      await held;
      seen.push(control.shouldStop());
      endBatch();
      await control.commit();
      return done;
    });
    await until(() => cluster.joins === 2);
    release();
    await until(() => seen.length > 0 && cluster.stored.get(0) === 30);
    expect(seen).toEqual([true]);
    expect(cluster.stored.has(1)).toBe(false);
    expect(consumption.troubles).toEqual([]);
    await consumption.stop();
  });
});

describe("at the end of the log", () => {
  const trickle = Array.from({ length: 20 }, (_, partition) => partition); // a record each: every batch is the last of its log
  const endOnly: StubHandler = async (_batch, _control, endBatch) => {
    endBatch();
    return done;
  };

  test("records that come one by one do not each wait for a commit; a stop commits them all", async () => {
    const cluster = createStubCluster({ partitions: trickle, end: 1 });
    const consumption = startOn(cluster, endOnly, { timing: { commitIntervalMs: 60_000, caughtUpCommitIntervalMs: 60_000 } });
    await until(() => consumption.ended.length === 20);
    await after(15);
    expect(cluster.commits).toHaveLength(1);
    await consumption.stop();
    expect(trickle.map((partition) => cluster.stored.get(partition))).toEqual(trickle.map(() => 1));
  });

  test("what ended after the last commit is committed although no record comes any more", async () => {
    const cluster = createStubCluster({ partitions: trickle, end: 1 });
    const consumption = startOn(cluster, endOnly, { timing: { commitIntervalMs: 60_000, caughtUpCommitIntervalMs: 50 } });
    await until(() => trickle.every((partition) => cluster.stored.get(partition) === 1));
    expect(cluster.commits.length).toBeLessThan(20);
    await consumption.stop();
  });
});

describe("a handler that fails", () => {
  test("a thousand times over good batches does not crash the consumer", async () => {
    const cluster = createStubCluster({ partitions: [0], end: 3000 });
    let calls = 0;
    const consumption = startOn(cluster, async (batch, control, endBatch) => {
      if (++calls % 2 === 0) throw [new SyntaxError("s"), new TypeError("t"), new RangeError("r"), undefined][calls % 4];
      return endAll(batch, control, endBatch);
    });
    await until(() => cluster.stored.get(0) === 3000, { timeoutMs: 80_000 });
    expect(consumption.troubles.length).toBeGreaterThanOrEqual(999);
    expect([...new Set(consumption.ended)].sort()).toEqual(everything([0], 3000));
    expect(cluster.consumers).toHaveLength(1);
    expect(cluster.joins).toBe(1);
    await consumption.stop();
  });

  for (const brokers of [["1"], ["1", "2", "3"]]) {
    test(`never to settle, with ${brokers.length} broker(s): its partition waits, the others go on, the member stays`, async () => {
      const cluster = createStubCluster({ partitions, end: 30, brokers, leaderOf: (partition) => 1 + (partition % brokers.length) });
      const never = new Promise<never>(() => undefined);
      let calls = 0;
      const consumption = startOn(
        cluster,
        (batch, control, endBatch) => {
          if (batch.partition !== 2) return endAll(batch, control, endBatch);
          calls++;
          return never;
        },
        { timing: { batchDeadlineMs: 100 } },
      );
      await until(() => cluster.stored.get(0) === 30 && cluster.stored.get(1) === 30 && consumption.troubles.length > 0);
      const beats = cluster.heartbeats;
      await until(() => cluster.heartbeats > beats + 10);
      expect(consumption.troubles.map((error) => error.code)).toEqual(["FR3004"]);
      expect(calls).toBe(1);
      expect(cluster.stored.has(2)).toBe(false);
      expect(cluster.joins).toBe(1);
      await consumption.stop();
    });
  }

  test("in its callbacks changes nothing", async () => {
    const cluster = createStubCluster({ partitions, end: 30 });
    const fail = (): never => {
      throw new TypeError("a metric");
    };
    const consumption = startOn(cluster, endAll, { onAssigned: fail, onTrouble: fail });
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === 30));
    expect(cluster.consumers).toHaveLength(1);
    await consumption.stop();
  });
});

describe("a crash", () => {
  test("is followed by a new consumer that goes on where the old one had committed", async () => {
    let crashes = 0;
    const cluster = createStubCluster({
      partitions,
      end: 60,
      onFetch: (_broker, stub) => {
        if (crashes < 4 && stub.commits.length > crashes * 5) {
          crashes++;
          throw fatalError();
        }
      },
    });
    const consumption = startOn(cluster);
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === 60));
    expect(cluster.consumers).toHaveLength(5);
    expect(consumption.troubles.map((error) => error.code)).toEqual(["FR3001", "FR3001", "FR3001", "FR3001"]);
    expect([...new Set(consumption.ended)].sort()).toEqual(everything(partitions, 60));
    expect(consumption.fatal).toEqual([]);
    await consumption.stop();
  });

  test("that repeats like a bug, with no record in between, is fatal in the end", async () => {
    const cluster = createStubCluster({
      partitions,
      end: 60,
      onFetch: () => {
        throw new TypeError("a bug");
      },
    });
    const consumption = startOn(cluster);
    await until(() => consumption.fatal.length > 0);
    expect(consumption.fatal.map((error) => error.code)).toEqual(["FR3005"]);
    expect(cluster.consumers).toHaveLength(8);
    await consumption.stop();
  });

  test("does not undo a stop, at whatever moment that comes", async () => {
    for (let round = 0; round < 50; round++) {
      let fetches = 0;
      const cluster = createStubCluster({
        partitions,
        end: 1_000_000,
        onJoin: () => after(round % 3),
        onFetch: () => {
          if (++fetches % 3 === 0) throw fatalError();
        },
      });
      const consumption = startOn(cluster);
      await after(round % 25);
      await consumption.stop();
      const { fetches: then, heartbeats } = cluster;
      await after(15);
      expect([cluster.fetches, cluster.heartbeats]).toEqual([then, heartbeats]);
    }
  });
});

describe("a partition that waits", () => {
  const error = Object.assign(new Error("away"), { code: "FR2001", disposition: "wait", fix: "", name: "FreshetError" } as const);
  const waitFor = (retryAfterMs: number) => ({ kind: "wait", error, retryAfterMs }) as const;

  test("goes on after it was lost and came back", async () => {
    let beat = false;
    const cluster = createStubCluster({
      partitions: [0, 1],
      end: 12,
      assign: (join) => (join === 2 ? [0] : [0, 1]),
      onHeartbeat: (stub) => {
        if (!beat || stub.joins > 2) return;
        throw brokerError("REBALANCE_IN_PROGRESS");
      },
    });
    let waits = 0;
    const consumption = startOn(cluster, async (batch, control, endBatch) => {
      if (batch.partition === 0 || waits > 0) return endAll(batch, control, endBatch);
      waits++;
      beat = true;
      return waitFor(60_000);
    });
    await until(() => cluster.stored.get(1) === 12);
    expect(cluster.joins).toBe(3);
    await consumption.stop();
  });

  test("waits on through a crash and a new consumer", async () => {
    let crash = false;
    let crashed = false;
    const cluster = createStubCluster({
      partitions: [0, 1],
      end: 12,
      onFetch: () => {
        if (!crash || crashed) return;
        crashed = true;
        throw fatalError();
      },
    });
    const calls: number[] = [];
    const consumption = startOn(cluster, async (batch, control, endBatch) => {
      if (batch.partition === 0) return endAll(batch, control, endBatch);
      calls.push(Date.now());
      crash = true;
      return calls.length === 1 ? waitFor(400) : endAll(batch, control, endBatch);
    });
    await until(() => cluster.stored.get(1) === 12 && cluster.stored.get(0) === 12);
    expect(cluster.consumers).toHaveLength(2);
    expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThanOrEqual(390);
    await consumption.stop();
  });
});
