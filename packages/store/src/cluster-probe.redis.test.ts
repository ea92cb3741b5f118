import { type OwnRedis, type OwnRedisCluster, patientTimeouts, startRedis, startRedisCluster } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { managed, storeOver } from "../tests/cluster-bench.js";
import type { StorePort } from "./port.js";
import { createRedisStore } from "./redis-store.js";

let cluster: OwnRedisCluster;
let single: OwnRedis;
const stores: StorePort[] = [];

beforeAll(async () => {
  cluster = await startRedisCluster();
  single = await startRedis();
}, 180_000);
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});
afterAll(async () => {
  await cluster.close();
  await single.close();
});

function open(store: StorePort): StorePort {
  stores.push(store);
  return store;
}

function last(): OwnRedis {
  const server = cluster.masters.at(-1);
  if (server === undefined) throw new Error("a cluster of none");
  return server;
}

test("a cluster as it should be has no findings, and is left as it was", async () => {
  expect(await open(storeOver(cluster, { timeouts: patientTimeouts })).probe()).toEqual([]);
  for (const master of cluster.masters) expect(await cluster.clientOf(master).dbsize()).toBe(0);
});

test("what is wrong with one of its masters is found, and it is named", async () => {
  const client = cluster.clientOf(last());
  await client.config("SET", "maxmemory-policy", "allkeys-lru");
  const findings = await open(storeOver(cluster, { timeouts: patientTimeouts })).probe();
  await client.config("SET", "maxmemory-policy", "noeviction");
  expect(findings).toMatchObject([{ fatal: true, problem: expect.stringMatching(`^127.0.0.1:${last().port}: .*allkeys-lru`) }]);
});

test("a right that is missing on one of its masters is found", async () => {
  const options = { username: "worker", password: "secret" };
  for (const master of cluster.masters) {
    const client = cluster.clientOf(master);
    await client.call("ACL", "SETUSER", "worker", "reset", "on", ">secret", "~fr:*", "+@all");
    if (master === last()) await client.call("ACL", "SETUSER", "worker", "-unlink");
  }
  const findings = await open(storeOver(cluster, { options, timeouts: patientTimeouts })).probe();
  expect(findings).toMatchObject([{ fatal: true, problem: expect.stringMatching(`^127.0.0.1:${last().port}: .*(NOPERM|unlink)`) }]);
});

test("a part of a cluster is not taken for a single server, nor a single server for a cluster", async () => {
  const alone = open(createRedisStore({ url: cluster.url, prefix: "fr:", timeouts: patientTimeouts }));
  expect(await alone.probe()).toMatchObject([{ fatal: true, fix: "Set FRESHET_REDIS_MODE=cluster." }]);
  const together = open(storeOver(single, { timeouts: patientTimeouts }));
  await expect(together.probe()).rejects.toMatchObject({ code: "FR2004", disposition: "halt", message: "This Redis is not a cluster." });
});

test("a part of a cluster that is taken for a single server says so of keys that it does not have", async () => {
  const alone = open(createRedisStore({ url: cluster.url, prefix: "fr:", timeouts: patientTimeouts }));
  const kinds = ["managed", "hash", "json", "prefix", "companion", "opaque"] as const;
  const looks = kinds.flatMap((kind) =>
    Array.from({ length: 8 }, (_, i) => alone.inspect(`page:${i}`, { ...managed, kind, versionField: "v" }, `version:${i}`)),
  );
  const tags = Array.from({ length: 8 }, (_, i) => alone.inspectTag(`tag:${i}`));
  const failed = (await Promise.allSettled([...looks, ...tags])).filter(({ status }) => status === "rejected");
  expect(failed.length).toBeGreaterThan(10);
  for (const { reason } of failed as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({ code: "FR2004", message: "This Redis is a part of a cluster.", fix: "Set FRESHET_REDIS_MODE=cluster." });
  }
});

test("a cluster with a slot that nobody takes is waited for", async () => {
  const client = cluster.clientOf(last());
  await client.cluster("DELSLOTS", 16_383);
  const store = open(storeOver(cluster, { timeouts: { deadlineMs: 1_500 } }));
  await expect(store.probe()).rejects.toMatchObject({ disposition: "wait" });
  await client.cluster("ADDSLOTS", 16_383);
});
