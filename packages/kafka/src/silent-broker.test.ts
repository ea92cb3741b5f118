import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { brokerError, connectionError, createStubCluster, timeoutError } from "../tests/stub-cluster.js";
import { done, endAll, everything, startOn } from "../tests/stub-consumption.js";

const partitions = [0, 1, 2];

/** A broker that was frozen or restarted: requests time out, and the client is not told to join the group again. */
describe("a broker that does not answer for a while", () => {
  for (const place of ["commit", "heartbeat"] as const) {
    test(`at a ${place}: consuming goes on afterwards, and nothing is skipped`, async () => {
      let left = 3;
      const strike = (): void => {
        if (cluster.commits.length > 3 && left-- > 0) throw timeoutError();
      };
      const cluster = createStubCluster({
        partitions,
        end: 60,
        ...(place === "commit" ? { onCommit: strike } : { onHeartbeat: strike }),
      });
      const consumption = startOn(cluster);
      await until(() => partitions.every((partition) => cluster.stored.get(partition) === 60));
      expect([...new Set(consumption.ended)].sort()).toEqual(everything(partitions, 60));
      await consumption.stop();
    });
  }

  const troubles = [
    ["silent", timeoutError],
    ["dead", connectionError],
  ] as const;
  for (const [place, what, trouble] of (["commit", "heartbeat"] as const).flatMap((at) => troubles.map((one) => [at, ...one] as const))) {
    test(`at a ${place}, and never again, for it is ${what}: the group's coordinator is looked for anew by the same member`, async () => {
      let isFrozen = false;
      const silence = (): void => {
        isFrozen ||= cluster.commits.length > 3;
        if (isFrozen && cluster.joins < 2) throw trouble(); // who joins asks for the coordinator, and another one answers
      };
      const cluster = createStubCluster({
        partitions,
        end: 60,
        ...(place === "commit" ? { onCommit: silence } : { onHeartbeat: silence }),
      });
      const consumption = startOn(cluster);
      await until(() => partitions.every((partition) => cluster.stored.get(partition) === 60));
      expect([...new Set(consumption.ended)].sort()).toEqual(everything(partitions, 60));
      expect([cluster.joins, cluster.consumers.length, consumption.troubles]).toEqual([2, 1, []]);
      await consumption.stop();
    });
  }

  test("at a fetch, and never again: who leads is asked, the others' records come meanwhile, and the group stays as it is", async () => {
    let isFrozen = false;
    let leader = 1;
    const cluster = createStubCluster({
      partitions,
      end: 60,
      brokers: ["1", "2"],
      leaderOf: (partition) => (partition === 0 ? leader : 2),
      onFetch: (broker, stub) => {
        isFrozen ||= stub.commits.length > 3;
        if (isFrozen && broker === "1") throw timeoutError();
      },
      onRefresh: () => {
        if (isFrozen) leader = 2;
      },
    });
    const consumption = startOn(cluster);
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === 60));
    expect([...new Set(consumption.ended)].sort()).toEqual(everything(partitions, 60));
    expect([cluster.joins, cluster.consumers.length, consumption.troubles]).toEqual([1, 1, []]);
    await consumption.stop();
  });

  test("at a heartbeat of its own while a handler is at work: no handler is kept from working afterwards", async () => {
    let struck = false;
    const cluster = createStubCluster({
      partitions,
      end: 60,
      onHeartbeat: (stub) => {
        if (struck || stub.commits.length <= 3) return;
        struck = true;
        throw timeoutError();
      },
    });
    const consumption = startOn(cluster, async (batch, control, endBatch) => {
      const beats = cluster.heartbeats;
      if (batch.partition === 0 && !struck && cluster.commits.length > 3) await until(() => cluster.heartbeats > beats);
      if (control.shouldStop()) return done;
      return endAll(batch, control, endBatch);
    });
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === 60));
    await consumption.stop();
  });

  test("when a lost member joins again: it joins later, instead of reading on as nobody's member", async () => {
    let lost = false;
    const cluster = createStubCluster({
      partitions,
      end: 60,
      onHeartbeat: (stub) => {
        if (lost || stub.commits.length <= 3) return;
        lost = true;
        throw brokerError("UNKNOWN_MEMBER_ID");
      },
      onJoin: (join) => {
        if (join === 2 || join === 3) throw timeoutError();
      },
    });
    const consumption = startOn(cluster, async (batch, control, endBatch) =>
      control.shouldStop() ? done : endAll(batch, control, endBatch),
    );
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === 60));
    expect(cluster.joins).toBeGreaterThan(3);
    expect(consumption.fatal).toEqual([]);
    await consumption.stop();
  });
});
