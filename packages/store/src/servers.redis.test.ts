import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { asFreshetError, type EntrySpec, type KeyBust, parseVersion } from "@freshet/protocol";
import { type OwnRedis, patientTimeouts, startRedis, startStopwatch, until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import type { StorePort } from "./port.js";
import { createRedisStore, type RedisStoreConfig } from "./redis-store.js";
import { seedRedis } from "./seed.js";

const timeouts = { commandMs: 500, socketMs: 1_000, connectMs: 500, readyMs: 1_200, deadlineMs: 2_500 };
const managed: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 60_000 };
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(...args: string[]): Promise<OwnRedis> {
  const server = await startRedis({ args });
  closers.push(() => server.close());
  return server;
}

function connect(server: OwnRedis): Redis {
  const client = new Redis(server.url, { maxRetriesPerRequest: 0 });
  client.on("error", () => undefined);
  closers.push(async () => client.disconnect());
  return client;
}

function storeOver(server: OwnRedis, more: Partial<RedisStoreConfig> = {}): StorePort {
  const store = createRedisStore({ url: server.url, prefix: "fr:", timeouts, ...more });
  closers.push(() => store.close());
  return store;
}

function bust(key: string, version = "5", entry = managed): KeyBust {
  const text = parseVersion(version);
  return { target: "key", key, family: "f", entry, subject: "p/1", version: text, spaceKind: "counter", mode: "hard", rule: "r" };
}

/** Busts until a call returns; every error on the way must be one that waits. */
async function bustUntilDone(store: StorePort, busts: readonly KeyBust[]): Promise<void> {
  const isDone = async () => {
    const [result] = await Promise.allSettled([store.bust(busts)]);
    if (result.status === "rejected") expect(result.reason).toMatchObject({ disposition: "wait" });
    return result.status === "fulfilled";
  };
  await until(isDone, { timeoutMs: 60_000, what: "a call that returns" });
}

describe("a full memory", () => {
  test("busts, and leaves floors, while Redis refuses every other write", async () => {
    const server = await startServer("--maxmemory-policy", "noeviction");
    const client = connect(server);
    await seedRedis(client).putManaged("a", { value: "x".repeat(100_000), deps: new Map() });
    await client.config("SET", "maxmemory", "1mb");
    await expect(client.set("other", "x")).rejects.toThrow("OOM");
    const store = storeOver(server, { timeouts: patientTimeouts });
    expect(await store.bust([bust("a"), bust("b")])).toEqual(["removed", "absent"]);
    expect(await seedRedis(client).has("a")).toBe(false);
    expect((await store.inspect("a", managed)).floors).toHaveLength(1);
    expect(await store.probe()).toEqual([]);
  });
});

describe("a replica", () => {
  test("refuses even a bust that would write nothing, as an error that waits; once master again it is done", async () => {
    const [master, replica] = [await startServer(), await startServer()];
    const client = connect(replica);
    await client.replicaof("127.0.0.1", master.port);
    const store = storeOver(replica);
    const opaque: EntrySpec = { ...managed, kind: "opaque", gate: false };
    const refused = async () => asFreshetError(await store.bust([bust("never there", "5", opaque)]).catch((error: unknown) => error));
    // While it loads what its master has, it is just away.
    await until(async () => (await refused()).code === "FR2002", { timeoutMs: 60_000, what: "the bust is refused" });
    await expect(store.preview([bust("a")])).rejects.toMatchObject({ disposition: "wait" });
    const findings: unknown[] = [];
    // READONLY makes the client connect again, and until then nothing can be asked.
    await until(async () => findings.push(...(await store.probe().catch(() => []))) > 0);
    expect(findings).toContainEqual(expect.objectContaining({ fatal: true, problem: expect.stringContaining("not a master") }));
    await client.replicaof("NO", "ONE");
    await bustUntilDone(store, [bust("a")]);
    expect((await store.inspect("a", managed)).floors).toHaveLength(1);
  });
});

describe("a server that goes away", () => {
  test("killed in the middle of calls: each settles in time, and all is done once it is back", async () => {
    const server = await startServer();
    const store = storeOver(server);
    const busts = Array.from({ length: 3_000 }, (_, i) => bust(`key ${i}`));
    await bustUntilDone(store, busts);
    const watch = startStopwatch();
    const calls = Array.from({ length: 10 }, (_, i) => store.bust(busts.map((one) => ({ ...one, version: parseVersion(`${i + 6}`) }))));
    await server.kill();
    const settled = await Promise.allSettled(calls);
    expect(watch.ms).toBeLessThan(timeouts.deadlineMs + 2_000);
    watch.stop();
    const failed = settled.filter((call) => call.status === "rejected");
    for (const { reason } of failed) expect(reason).toMatchObject({ code: "FR2001", disposition: "wait" });
    await server.restart();
    await bustUntilDone(store, busts);
    expect((await store.inspect("key 2999", managed)).floors).toHaveLength(1);
  });

  test("stopped for longer than every timeout: calls settle in time, and work once it goes on", async () => {
    const server = await startServer();
    const store = storeOver(server);
    await bustUntilDone(store, [bust("a")]);
    server.pause();
    const watch = startStopwatch();
    await expect(store.bust([bust("a", "6")])).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
    await expect(store.bust([bust("a", "6")])).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
    expect(watch.ms).toBeLessThan(2 * timeouts.deadlineMs + 1_000);
    watch.stop();
    server.resume();
    await bustUntilDone(store, [bust("a", "6")]);
  });

  test("a script of somebody else that never ends: calls settle, and work once it was ended", async () => {
    const server = await startServer("--busy-reply-threshold", "50");
    const [client, killer] = [connect(server), connect(server)];
    const store = storeOver(server);
    await bustUntilDone(store, [bust("a")]);
    const endless = client.eval("while true do end", 0).catch((error: Error) => error.message);
    const pong = () => killer.ping().catch((error: Error) => error.message);
    await until(async () => (await pong()).startsWith("BUSY"));
    await expect(store.bust([bust("a", "6")])).rejects.toMatchObject({ disposition: "wait" });
    await until(() =>
      killer.script("KILL").then(
        () => true,
        () => false,
      ),
    );
    expect(await endless).toContain("kill");
    await bustUntilDone(store, [bust("a", "6")]);
  });
});

describe("what a write-refusing server answers waits", () => {
  test("too few replicas", async () => {
    const server = await startServer("--min-replicas-to-write", "1");
    await expect(storeOver(server, { timeouts: patientTimeouts }).bust([bust("a")])).rejects.toMatchObject({
      code: "FR2002",
      disposition: "wait",
    });
  });

  test("a disk that takes no snapshot: once it does again, all is done", async () => {
    const server = await startServer("--save", "3600", "1");
    const client = connect(server);
    const store = storeOver(server, { timeouts: patientTimeouts });
    const [, folder = ""] = await client.config("GET", "dir").then((pair) => pair as string[]);
    // A folder where the snapshot should go.
    mkdirSync(join(folder, "dump.rdb"));
    const hasSaved = async () => /rdb_last_bgsave_status:ok/.test(await client.info("persistence"));
    await client.bgsave();
    await until(async () => !(await hasSaved()));
    await expect(client.set("other", "x")).rejects.toThrow("MISCONF");
    await expect(store.bust([bust("a")])).rejects.toMatchObject({ code: "FR2002", disposition: "wait" });
    rmdirSync(join(folder, "dump.rdb"));
    await client.bgsave();
    await until(hasSaved);
    await bustUntilDone(store, [bust("a")]);
  });

  test("a server that still loads its data: calls settle, and work once it has", async () => {
    const slow = ["--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024", "--key-load-delay", "5000"];
    const server = await startServer(...slow);
    const [client, other] = [connect(server), connect(server)];
    const store = storeOver(server, { timeouts: { ...timeouts, commandMs: 5_000, socketMs: 8_000, deadlineMs: 9_000 } });
    const busts = Array.from({ length: 2_000 }, (_, i) => bust(`key ${i}`));
    await bustUntilDone(store, busts);
    const loading = client.call("DEBUG", "RELOAD");
    const said = () => other.get("other").catch((error: Error) => error.message);
    await until(async () => (await said())?.startsWith("LOADING") === true);
    const refused = { code: "FR2001", disposition: "wait", message: expect.stringContaining("LOADING") };
    await expect(store.bust([bust("key 1", "6")])).rejects.toMatchObject(refused);
    await loading;
    await bustUntilDone(store, [bust("key 1", "6")]);
    expect((await store.inspect("key 1", managed)).floors).toMatchObject([{ version: "6" }]);
  });
});
