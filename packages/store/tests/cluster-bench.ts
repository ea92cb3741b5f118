import { type EntrySpec, type KeyBust, parseVersion, type Version } from "@freshet/protocol";
import type { OwnRedis, OwnRedisCluster } from "@freshet/testkit";
import { expect } from "@jest/globals";
import { Cluster } from "ioredis";
import type { StorePort } from "../src/port.js";
import { createRedisStore, type RedisStoreConfig } from "../src/redis-store.js";

/** The deadline is longer than a fail-over takes. */
const timeouts = { commandMs: 2_000, socketMs: 4_000, connectMs: 2_000, readyMs: 3_000, deadlineMs: 30_000 };
export const managed: EntrySpec = {
  kind: "managed",
  versionField: "",
  onUnversioned: "bust",
  gate: true,
  floorTtlMs: 120_000,
  staleTtlMs: 60_000,
};

export function storeOver({ url }: { readonly url: string }, more: Partial<RedisStoreConfig> = {}): StorePort {
  return createRedisStore({ url, mode: "cluster", prefix: "fr:", timeouts, ...more });
}

/** A client that finds its way in the cluster by itself, for what tests put there. */
export function clientOver({ url }: OwnRedisCluster): Cluster {
  const { hostname, port } = new URL(url);
  const client = new Cluster([{ host: hostname, port: Number(port) }]);
  client.on("error", () => undefined);
  return client;
}

export function versionOf(count: number): Version {
  const version = parseVersion(String(count));
  if (version === null) throw new Error(`${count} is no version`);
  return version;
}

/** The write that is the count-th of its subject. */
export function bust(key: string, count = 5, more: Partial<KeyBust> = {}): KeyBust {
  return {
    target: "key",
    key,
    family: "f",
    entry: managed,
    subject: `p/${key}`,
    version: versionOf(count),
    spaceKind: "counter",
    mode: "hard",
    rule: "r",
    ...more,
  };
}

/** A hash tag whose slot one of the masters has: slots are given in equal parts, in the order of the masters. */
export async function tagsOf(cluster: OwnRedisCluster, master: OwnRedis, count: number): Promise<readonly string[]> {
  const share = 16_384 / cluster.masters.length;
  const at = cluster.masters.indexOf(master);
  const tags: string[] = [];
  for (let i = 0; tags.length < count; i++) {
    const slot = Number(await cluster.clientOf(master).cluster("KEYSLOT", `t${i}`));
    if (slot >= Math.floor(at * share) && slot < Math.floor((at + 1) * share)) tags.push(`t${i}`);
  }
  return tags;
}

/** No key has a value, and each has the floor of the write that is the count-th. */
export async function expectFloors(store: StorePort, keys: readonly string[], count: number): Promise<void> {
  const views = await Promise.all(keys.map((key) => store.inspect(key, managed)));
  const found = views.map(({ value, floors }, i) => ({ key: keys[i], value, floors: floors.map((floor) => floor.version) }));
  expect(found).toEqual(keys.map((key) => ({ key, value: null, floors: [versionOf(count)] })));
}
