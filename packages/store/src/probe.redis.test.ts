import type { EntrySpec, KeyBust } from "@freshet/protocol";
import { type OwnRedis, startRedis } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import type { StorePort } from "./port.js";
import { createRedisStore, type RedisStoreConfig } from "./redis-store.js";

/** What the invalidator's user needs, and nothing more. */
const RIGHTS =
  "+evalsha +eval +script|load +mget +mset +get +getrange +set +exists +unlink +hget +hmget +hset +hlen +pexpireat +time " +
  "+type +pttl +strlen +hstrlen +hkeys +info +ping +config|get";
let server: OwnRedis;
let admin: Redis;
const stores: StorePort[] = [];

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await admin.config("SET", "maxmemory-policy", "noeviction");
});
afterAll(async () => {
  admin.disconnect();
  await server.close();
});

function open(more: Partial<RedisStoreConfig> = {}): StorePort {
  const store = createRedisStore({ url: server.url, prefix: "fr:", ...more });
  stores.push(store);
  return store;
}

async function asUser(rights: string): Promise<StorePort> {
  const name = `user${stores.length}${rights.length}`;
  await admin.call("ACL", "SETUSER", name, "reset", "on", ">secret", "~fr:*", "~page:*", ...rights.split(" "));
  return open({ options: { username: name, password: "secret" } });
}

test("a Redis as it should be has no findings, and is left as it was", async () => {
  const store = open();
  expect(await store.probe()).toEqual([]);
  expect(await admin.exists("fr:probe")).toBe(0);
});

test("eviction is fatal, unless it is accepted", async () => {
  await admin.config("SET", "maxmemory-policy", "allkeys-lru");
  const finding = { problem: expect.stringContaining("allkeys-lru"), fix: expect.stringContaining("FRESHET_ALLOW_EVICTION") };
  expect(await open().probe()).toEqual([{ fatal: true, ...finding }]);
  expect(await open({ allowEviction: true }).probe()).toEqual([{ fatal: false, ...finding }]);
  expect(await (await asUser(RIGHTS.replace(" +config|get", ""))).probe()).toEqual([{ fatal: true, ...finding }]);
});

test("a store that only reads asks for no right to write, and writes nothing", async () => {
  const reading = RIGHTS.replace(/ \+(?:unlink|hset|set|mset|pexpireat)(?= )/g, "");
  const name = `reader${stores.length}`;
  await admin.call("ACL", "SETUSER", name, "reset", "on", ">secret", "~fr:*", ...reading.split(" "));
  const login = { options: { username: name, password: "secret" } };
  expect(await open({ ...login, readOnly: true }).probe()).toEqual([]);
  expect(await open(login).probe()).toMatchObject([{ fatal: true }]);
});

test("the rights it names are enough for everything", async () => {
  const store = await asUser(RIGHTS);
  expect(await store.probe()).toEqual([]);
  const entry: EntrySpec = { kind: "hash", versionField: "v", onUnversioned: "bust", gate: true, floorTtlMs: 1_000, staleTtlMs: 0 };
  const bust: KeyBust = {
    target: "key",
    key: "page:1",
    family: "f",
    entry,
    subject: "p/1",
    version: null,
    spaceKind: "none",
    mode: "hard",
    rule: "r",
  };
  expect(await store.bust([bust])).toEqual(["absent"]);
  expect(await store.inspect("page:1", entry)).toMatchObject({ redisType: "hash", value: null });
});

test.each([
  ...["+mget", "+mset", "+get", "+getrange", "+set", "+exists", "+unlink", "+hget", "+hmget", "+hset", "+hlen", "+pexpireat", "+time"],
  ...["+evalsha", "+script|load"],
])("without %s it says that a right is missing", async (right) => {
  const rights = RIGHTS.split(" ").filter((name) => name !== right);
  const findings = await (await asUser(rights.join(" "))).probe();
  expect(findings).toContainEqual(expect.objectContaining({ fatal: true, problem: expect.stringContaining("NOPERM") }));
});

test("a wrong password halts, and says so", async () => {
  const store = open({ options: { username: "nobody", password: "wrong" }, timeouts: { readyMs: 500 } });
  await expect(store.probe()).rejects.toMatchObject({ code: "FR2003", disposition: "halt" });
});

test("a key outside the rights halts a bust, and its neighbours are told as not done", async () => {
  const store = await asUser(RIGHTS);
  const entry: EntrySpec = { kind: "opaque", versionField: "", onUnversioned: "bust", gate: false, floorTtlMs: 1_000, staleTtlMs: 0 };
  const bust = (key: string): KeyBust => {
    return { target: "key", key, family: "f", entry, subject: "p/1", version: null, spaceKind: "none", mode: "hard", rule: "r" };
  };
  await expect(store.bust([bust("page:1"), bust("foreign:1")])).rejects.toMatchObject({ code: "FR2003", disposition: "halt" });
});

test("a URL that is none of Redis is refused", () => {
  expect(() => open({ url: "http://127.0.0.1:6379" })).toThrow(expect.objectContaining({ code: "FR1002", disposition: "usage" }));
});
