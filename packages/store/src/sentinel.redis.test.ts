import { type EntrySpec, type KeyBust, parseVersion } from "@freshet/protocol";
import { type OwnRedis, SENTINEL_NAME, startRedis, startSentinel, until } from "@freshet/testkit";
import { afterEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import type { StorePort } from "./port.js";
import { createRedisStore } from "./redis-store.js";

const timeouts = { commandMs: 1_000, socketMs: 2_000, connectMs: 1_000, readyMs: 1_500, deadlineMs: 5_000 };
const managed: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 60_000 };
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(): Promise<OwnRedis> {
  const server = await startRedis();
  closers.push(() => server.close());
  return server;
}

function connect(server: OwnRedis): Redis {
  const client = new Redis(server.url, { maxRetriesPerRequest: 0 });
  client.on("error", () => undefined);
  closers.push(async () => client.disconnect());
  return client;
}

async function openAt(url: string): Promise<StorePort> {
  const store = createRedisStore({ url, mode: "sentinel", sentinelName: SENTINEL_NAME, prefix: "fr:", timeouts });
  closers.push(() => store.close());
  return store;
}

function bust(version: string): readonly KeyBust[] {
  const text = parseVersion(version);
  const one: KeyBust = {
    target: "key",
    key: "a",
    family: "f",
    entry: managed,
    subject: "p/1",
    version: text,
    spaceKind: "counter",
    mode: "hard",
    rule: "r",
  };
  return [one];
}

test("a master that falls silent is left for the one the sentinels name: calls wait, then work", async () => {
  const [master, replica] = [await startServer(), await startServer()];
  await connect(replica).replicaof("127.0.0.1", master.port);
  const primary = connect(master);
  await until(async () => /state=online/.test(await primary.info("replication")));
  const sentinel = await startSentinel(master, { downAfterMs: 5000 });
  closers.push(() => sentinel.close());
  const knowsReplica = async () => (await sentinel.output()).includes("+slave slave");
  await until(knowsReplica, { timeoutMs: 60_000, what: "the sentinel knows the replica" });
  const store = await openAt(sentinel.url);
  const isBusted = async (version: string) => {
    const [result] = await Promise.allSettled([store.bust(bust(version))]);
    if (result.status === "rejected") expect(result.reason).toMatchObject({ disposition: "wait" });
    return result.status === "fulfilled";
  };
  await until(async () => (await store.probe().catch(() => null))?.length === 0, { timeoutMs: 60_000, what: "all is well" });
  await until(() => isBusted("5"), { timeoutMs: 60_000, what: "a call that returns" });
  expect(await connect(master).exists("a")).toBe(1);

  master.pause();
  await until(() => isBusted("6"), { timeoutMs: 180_000, what: "a call that returns" });
  expect((await store.inspect("a", managed)).floors).toMatchObject([{ version: "6" }]);
  expect(await connect(replica).info("replication")).toContain("role:master");
}, 450_000);

test("no sentinel, no answer, in time; and a mode without its name is refused", async () => {
  const server = await startServer();
  const store = await openAt(server.url);
  await server.kill();
  await expect(store.bust(bust("5"))).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
  const refused = () => createRedisStore({ url: server.url, mode: "sentinel", prefix: "fr:" });
  expect(refused).toThrow(expect.objectContaining({ code: "FR1002", disposition: "usage" }));
});
