import { type KeyBust, parseVersion } from "@freshet/protocol";
import { type OwnRedis, type OwnRedisCluster, startRedis, startRedisCluster } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Cluster, Redis } from "ioredis";
import { storeAs, writeUsers } from "../tests/users.js";
import type { StorePort } from "./port.js";
import type { RedisMode } from "./redis-store.js";

const users = writeUsers({ prefix: "fr:", families: ["cache:*"] });
let single: OwnRedis;
let cluster: OwnRedisCluster;
beforeAll(async () => {
  const args = ["--aclfile", users.path];
  [single, cluster] = await Promise.all([startRedis({ args }), startRedisCluster({ args })]);
}, 180_000);
afterAll(async () => {
  await Promise.all([single.close(), cluster.close()]);
  users.remove();
});

const entry = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 60_000, staleTtlMs: 0 } as const;
const bustOf = (key: string, mode: "hard" | "soft" = "hard"): KeyBust => {
  return { target: "key", key, family: "", entry, subject: "p/1", version: parseVersion("5"), spaceKind: "counter", mode, rule: "sweep" };
};

async function fill(client: Pick<Redis | Cluster, "hset">, keys: readonly string[]): Promise<void> {
  for (const key of keys) await client.hset(key, { v: "old", d: "\np/1\t1" });
}

test.each([
  ["standalone", () => single.url],
  ["cluster", () => cluster.url],
] as const)("%s: what Redis refuses stands alone, and all else is busted", async (mode: RedisMode, urlOf) => {
  const store: StorePort = storeAs("invalidator", { url: urlOf(), mode, prefix: "fr:" });
  const { hostname, port } = new URL(urlOf());
  const client = mode === "cluster" ? new Cluster([{ host: hostname, port: Number(port) }]) : new Redis(urlOf());
  try {
    const refused = new Set([0, 7, 8, 200, 399]);
    const keys = Array.from({ length: 400 }, (_, at) => (refused.has(at) ? `session:${at}` : `cache:${at}`));
    await fill(client, keys);
    const outcomes = await store.bustMembers(keys.flatMap((key) => [bustOf(key), bustOf(key, "soft")]));
    expect(outcomes.map((outcome) => outcome === "refused")).toEqual(keys.flatMap((_, at) => [refused.has(at), refused.has(at)]));
    for (const [at, key] of keys.entries()) expect({ at, left: await client.exists(key) }).toEqual({ at, left: refused.has(at) ? 1 : 0 });
    expect(await store.bustMembers(["session:0", "session:7"].map((key) => bustOf(key)))).toEqual(["refused", "refused"]);
    expect(await store.bustMembers([])).toEqual([]);
    await expect(store.bust([bustOf("session:0"), bustOf("cache:1")])).rejects.toMatchObject({ code: "FR2003", disposition: "halt" });
  } finally {
    await store.close();
    client.disconnect();
  }
});
