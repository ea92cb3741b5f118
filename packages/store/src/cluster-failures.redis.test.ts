import type { KeyBust } from "@freshet/protocol";
import {
  type Fault,
  type FaultProxy,
  freePort,
  type OwnRedis,
  type OwnRedisCluster,
  patientTimeouts,
  startFaultProxy,
  startRedisCluster,
  startStopwatch,
  until,
} from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { bust, expectFloors, storeOver, tagsOf } from "../tests/cluster-bench.js";
import type { StorePort } from "./port.js";

const IMPATIENT = { commandMs: 300, socketMs: 600, connectMs: 400, readyMs: 500, deadlineMs: 2_000 };
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function open(cluster: OwnRedisCluster, more: Parameters<typeof storeOver>[1] = {}): StorePort {
  const store = storeOver(cluster, more);
  closers.push(() => store.close());
  return store;
}

function firstOf(cluster: OwnRedisCluster): OwnRedis {
  const [first] = cluster.masters;
  if (first === undefined) throw new Error("a cluster of none");
  return first;
}

async function keysOn(cluster: OwnRedisCluster, master: OwnRedis, count: number): Promise<readonly string[]> {
  return (await tagsOf(cluster, master, count)).map((tag) => `page:{${tag}}`);
}

/** Busts until a call returns; every error on the way must be one that waits. */
async function bustUntilDone(store: StorePort, busts: readonly KeyBust[]): Promise<void> {
  const isDone = async () => {
    const [result] = await Promise.allSettled([store.bust(busts)]);
    if (result.status === "rejected") expect(result.reason).toMatchObject({ disposition: "wait" });
    return result.status === "fulfilled";
  };
  await until(isDone, { timeoutMs: 40_000, what: "a call that returns" });
}

describe("a master that is killed", () => {
  test("is replaced by its replica: calls wait, then work, those of other servers all the time", async () => {
    const cluster = await startRedisCluster({ replicas: true, nodeTimeoutMs: 5_000, args: ["--cluster-require-full-coverage", "no"] });
    closers.push(() => cluster.close());
    const store = open(cluster);
    const [first, second = first] = cluster.masters;
    const [theirs, others] = [await keysOn(cluster, firstOf(cluster), 5), await keysOn(cluster, second ?? firstOf(cluster), 5)];
    await bustUntilDone(
      store,
      [...theirs, ...others].map((key) => bust(key)),
    );
    await firstOf(cluster).kill();
    const waiting = bustUntilDone(
      store,
      theirs.map((key) => bust(key, 6)),
    );
    expect(await store.bust(others.map((key) => bust(key, 6)))).toEqual(others.map(() => "absent"));
    await waiting;
    await expectFloors(store, [...theirs, ...others], 6);
    // Who is asked for the map may not have heard yet.
    await until(async () => (await store.probe().catch(() => null))?.length === 0, { timeoutMs: 60_000, what: "all is well again" });
  }, 270_000);

  test("and has no replica: calls fail in time as errors that wait, and work once it is back", async () => {
    const cluster = await startRedisCluster({ args: ["--appendonly", "yes", "--cluster-require-full-coverage", "no"] });
    closers.push(() => cluster.close());
    const store = open(cluster, { timeouts: IMPATIENT });
    const keys = await keysOn(cluster, firstOf(cluster), 3);
    await bustUntilDone(
      store,
      keys.map((key) => bust(key)),
    );
    await firstOf(cluster).kill();
    const watch = startStopwatch();
    const calls = [store.bust(keys.map((key) => bust(key, 6))), store.inspect(keys[0] ?? "", bust("").entry), store.probe()];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: { disposition: "wait" } });
    }
    expect(watch.ms).toBeLessThan(IMPATIENT.deadlineMs + 1_500);
    watch.stop();
    await firstOf(cluster).restart();
    await bustUntilDone(
      store,
      keys.map((key) => bust(key, 6)),
    );
    await expectFloors(store, keys, 6);
  }, 180_000);
});

describe("trouble on the way to one of the servers", () => {
  let proxies: readonly FaultProxy[] = [];
  let cluster: OwnRedisCluster;

  beforeAll(async () => {
    const own = [await freePort(), await freePort(), await freePort()];
    proxies = await Promise.all(own.map((port) => startFaultProxy({ to: `127.0.0.1:${port}` })));
    cluster = await startRedisCluster({ ports: own.map((port, i) => ({ own: port, told: proxies[i]?.port ?? 0 })) });
  }, 180_000);
  afterAll(async () => {
    for (const proxy of proxies) await proxy.close();
    await cluster.close();
  });

  const faults: readonly (readonly [string, Fault])[] = [
    ["replies are lost", { kind: "drop-replies" }],
    ["nothing passes and nothing is closed", { kind: "black-hole" }],
    ["the connection is cut in the middle of a reply", { kind: "cut", afterBytes: 5 }],
    ["connections are reset", { kind: "reset" }],
    ["connections are taken and closed at once", { kind: "accept-then-close" }],
    ["answers come too late", { kind: "delay", ms: 1_000 }],
  ];
  test.each(faults)(
    "%s: its calls settle in time, others work, and all is done afterwards",
    async (_what, fault) => {
      const store = open(cluster, { timeouts: IMPATIENT });
      const [, other = firstOf(cluster)] = cluster.masters;
      const [theirs, others] = [await keysOn(cluster, firstOf(cluster), 3), await keysOn(cluster, other, 3)];
      const version = 10 + faults.findIndex(([, one]) => one === fault);
      await bustUntilDone(
        store,
        [...theirs, ...others].map((key) => bust(key, 1)),
      );
      // With deadlines of its own: that servers answer late on a busy machine is not what is asked here.
      const patient = open(cluster, { timeouts: patientTimeouts });
      await bustUntilDone(
        patient,
        others.map((key) => bust(key, 1)),
      );
      proxies[0]?.set(fault);
      const watch = startStopwatch();
      const fine = patient.bust(others.map((key) => bust(key, version)));
      fine.catch(() => undefined); // told below
      const [broken, mixed] = await Promise.allSettled([
        store.bust(theirs.map((key) => bust(key, version))),
        store.bust([...theirs, ...others].map((key) => bust(key, version))),
      ]);
      expect(watch.ms).toBeLessThan(IMPATIENT.deadlineMs + 1_000);
      watch.stop();
      for (const call of [broken, mixed]) {
        expect(call).toMatchObject({ status: "rejected", reason: { code: "FR2001", disposition: "wait" } });
      }
      expect(await fine).toHaveLength(others.length);
      proxies[0]?.heal();
      await bustUntilDone(
        store,
        theirs.map((key) => bust(key, version)),
      );
      await expectFloors(store, [...theirs, ...others], version);
    },
    270_000,
  );
});
