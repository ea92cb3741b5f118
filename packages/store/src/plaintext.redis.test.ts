import { type OwnRedis, SENTINEL_NAME, startRedis, startSentinel, until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import type { StorePort } from "./port.js";
import { createRedisStore, type RedisStoreConfig } from "./redis-store.js";

/** Of a network that leads nowhere. */
const ELSEWHERE = "10.255.255.1";
const timeouts = { commandMs: 1000, socketMs: 2000, connectMs: 1000, readyMs: 1500, deadlineMs: 5000 };
const refused = { code: "FR1002", disposition: "halt", fix: expect.stringContaining("FRESHET_ALLOW_PLAINTEXT") };
const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function clientOf({ url }: { readonly url: string }): Redis {
  const client = new Redis(url);
  client.on("error", () => undefined);
  closers.push(() => client.disconnect());
  return client;
}

async function started(args: readonly string[] = []): Promise<OwnRedis> {
  const server = await startRedis({ args });
  closers.push(() => server.close());
  return server;
}

/** Of one server, which has all slots. */
async function startedCluster(...args: readonly string[]): Promise<string> {
  const server = await started(["--cluster-enabled", "yes", ...args]);
  const admin = clientOf(server);
  await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await until(async () => /cluster_state:ok/.test(String(await admin.call("CLUSTER", "INFO"))), { what: "the cluster is up" });
  return server.url;
}

/** What a store makes of these servers that may not leave this machine without TLS, and of one that may. */
async function bothOf(config: Pick<RedisStoreConfig, "url" | "mode" | "sentinelName">) {
  const reaches = ["loopback", "anywhere"] as const;
  const stores = reaches.map((plaintext) => createRedisStore({ ...config, prefix: "fr:", timeouts, plaintext }));
  closers.push(() => Promise.all(stores.map((store) => store.close())));
  return stores;
}

async function isTaken(store: StorePort | undefined): Promise<boolean> {
  return (await store?.readBounds().catch(() => "not yet")) === null;
}

describe("without TLS, servers that Redis names on other machines are not talked to", () => {
  test("a master that sentinels name", async () => {
    const sentinel = await startSentinel(await started());
    closers.push(() => sentinel.close());
    const [held] = await bothOf({ url: sentinel.url, mode: "sentinel", sentinelName: SENTINEL_NAME });
    await until(() => isTaken(held), { timeoutMs: 60_000, what: "what is here is talked to" });
    await held?.close();

    const asked = clientOf(sentinel);
    await asked.call("SENTINEL", "REMOVE", SENTINEL_NAME);
    await asked.call("SENTINEL", "MONITOR", SENTINEL_NAME, ELSEWHERE, "6379", "1");
    const [again, free] = await bothOf({ url: sentinel.url, mode: "sentinel", sentinelName: SENTINEL_NAME });
    await expect(again?.readBounds()).rejects.toMatchObject(refused);
    await expect(free?.readBounds()).rejects.not.toMatchObject(refused);
  }, 180_000);

  test("a server of a cluster", async () => {
    const [held] = await bothOf({ url: await startedCluster(), mode: "cluster" });
    await until(() => isTaken(held), { timeoutMs: 60_000, what: "what is here is talked to" });

    const [again, free] = await bothOf({ url: await startedCluster("--cluster-announce-ip", ELSEWHERE), mode: "cluster" });
    await expect(again?.readBounds()).rejects.toMatchObject(refused);
    await expect(free?.readBounds()).rejects.not.toMatchObject(refused);
  }, 180_000);
});
