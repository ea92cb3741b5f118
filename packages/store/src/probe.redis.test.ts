import type { EntrySpec, KeyBust } from "@freshet/protocol";
import { type OwnRedis, startRedis } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { userOf } from "../tests/users.js";
import { scripts } from "./generated/scripts.js";
import type { StorePort } from "./port.js";
import { createRedisStore, type RedisStoreConfig } from "./redis-store.js";
import { commandsOf, scriptsOf } from "./roles.js";

/** What the invalidator's user needs, and nothing more. */
const RIGHTS = userOf("invalidator").rights;
const ALL_RIGHTS = [...new Set([...RIGHTS, ...userOf("reader").rights, ...userOf("operator").rights])];
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
  expect(await admin.keys("*")).toEqual([]);
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

async function asUser(rights: readonly string[], more: Partial<RedisStoreConfig> = { role: "invalidator" }): Promise<StorePort> {
  const name = `user${stores.length}-${rights.length}`;
  await admin.call("ACL", "SETUSER", name, "reset", "on", ">secret", "~fr:*", "~page:*", ...rights);
  return open({ options: { username: name, password: "secret" }, ...more });
}

test("a Redis as it should be has no findings, and is left as it was", async () => {
  expect(await open().probe()).toEqual([]);
  for (const role of ["invalidator", "reader", "operator"] as const) expect(await open({ role }).probe()).toEqual([]);
});

test("two processes may probe at the same moment", async () => {
  expect(await Promise.all(Array.from({ length: 10 }, () => open().probe()))).toEqual(Array.from({ length: 10 }, () => []));
});

test("a server describes itself, with its clock, to the user of the service", async () => {
  const beforeMs = Date.now() - 1;
  const [described, ...more] = await (await asUser(RIGHTS)).servers();
  expect(more).toEqual([]);
  expect(described).toMatchObject({
    address: "",
    product: expect.stringMatching(/^(redis|valkey)$/),
    isCluster: false,
    role: "master",
    maxmemoryPolicy: "noeviction",
  });
  expect(described?.version).toMatch(/^\d+\.\d+/);
  expect(described?.clockMs).toBeGreaterThanOrEqual(beforeMs);
  expect(described?.clockMs).toBeLessThanOrEqual(Date.now() + 1);
});

describe("a Redis that evicts", () => {
  const finding = {
    about: "eviction",
    code: "FR2004",
    problem: expect.stringContaining("allkeys-lru"),
    fix: expect.stringMatching(/noeviction.*lag of 0.*no swept tag.*FRESHET_ALLOW_EVICTION/),
  };

  test("is refused, with the three ways out of it", async () => {
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    expect(await open().probe()).toEqual([{ fatal: true, ...finding }]);
    expect(await open({ evictionIsHarmless: false, allowEviction: false }).probe()).toEqual([{ fatal: true, ...finding }]);
  });

  test("is told and taken when somebody accepts it", async () => {
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    expect(await open({ allowEviction: true }).probe()).toEqual([{ fatal: false, ...finding }]);
  });

  test("is as good as any when all loads read from the primary and no tag is swept", async () => {
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    expect(await open({ evictionIsHarmless: true }).probe()).toEqual([]);
  });
});

describe("scripts", () => {
  test("each one is loaded, and runs", async () => {
    await admin.script("FLUSH");
    await admin.config("RESETSTAT");
    expect(await open().probe()).toEqual([]);
    const all = Object.values(scripts);
    expect(await admin.script("EXISTS", ...all.map(({ sha1 }) => sha1))).toEqual(all.map(() => 1));
    // One call each, and the one that only asks for the right.
    expect(await admin.info("commandstats")).toContain(`cmdstat_evalsha:calls=${all.length + 1},`);
  });

  test("each one is somebody's, and so is each command in them", () => {
    const of = (list: typeof scriptsOf) => [...list("invalidator"), ...list("reader"), ...list("operator")];
    expect(new Set(of(scriptsOf))).toEqual(new Set(scriptsOf(null)));
    for (const { name, text } of Object.values(scripts)) {
      for (const [, command = ""] of text.matchAll(/call\("([A-Z]+)"/g))
        expect({ name, commands: [...commandsOf(null)] }).toMatchObject({ commands: expect.arrayContaining([command]) });
    }
  });
});

describe("rights", () => {
  test("those that the access list gives are enough", async () => {
    expect(await (await asUser(RIGHTS)).probe()).toEqual([]);
    expect(await (await asUser(ALL_RIGHTS, {})).probe()).toEqual([]);
  });

  test("all that are missing are named at once, with the user that has them", async () => {
    const [finding, ...more] = await (
      await asUser(RIGHTS.filter((right) => !["+unlink", "+zadd", "+script|load"].includes(right)))
    ).probe();
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ fatal: true, code: "FR2003", fix: expect.stringContaining("freshet-invalidator") });
    expect(finding?.problem).toBe("Redis does not let this user run script|load, zadd, unlink (NOPERM).");
    await admin.unlink("fr:probe:scores");
  });

  test("a prefix that is another's is told as such", async () => {
    const store = await asUser(RIGHTS, { role: "invalidator", prefix: "foreign:" });
    const problem = "Redis does not let this user touch keys that begin with foreign:probe (NOPERM).";
    expect(await store.probe()).toMatchObject([{ fatal: true, code: "FR2003", problem }]);
  });

  test("a store that only reads asks for no right to write, and writes nothing", async () => {
    const writing = (await admin.call("ACL", "CAT", "write")) as string[];
    const reading = RIGHTS.filter((right) => !writing.includes(right.slice(1)));
    expect(RIGHTS.length - reading.length).toBeGreaterThan(8);
    expect(await (await asUser(reading, { role: "invalidator", readOnly: true })).probe()).toEqual([]);
    expect(
      await (
        await asUser(
          ALL_RIGHTS.filter((right) => !writing.includes(right.slice(1))),
          { readOnly: true },
        )
      ).probe(),
    ).toEqual([]);
    expect(await (await asUser(reading)).probe()).toMatchObject([{ fatal: true, code: "FR2003" }]);
  });

  test("a wrong password halts, and says so", async () => {
    const store = open({ options: { username: "nobody", password: "wrong" }, timeouts: { readyMs: 3_000 } });
    await expect(store.probe()).rejects.toMatchObject({ code: "FR2003", disposition: "halt" });
  });

  test("a key outside of them halts a bust, and its neighbours are told as not done", async () => {
    const store = await asUser(RIGHTS);
    const entry: EntrySpec = { kind: "opaque", versionField: "", onUnversioned: "bust", gate: false, floorTtlMs: 1_000, staleTtlMs: 0 };
    const bust = (key: string): KeyBust => {
      return { target: "key", key, family: "f", entry, subject: "p/1", version: null, spaceKind: "none", mode: "hard", rule: "r" };
    };
    await expect(store.bust([bust("page:1"), bust("foreign:1")])).rejects.toMatchObject({ code: "FR2003", disposition: "halt" });
  });
});

test("a URL that is none of Redis is refused, and a prefix that holds braces", () => {
  for (const prefix of ["fr{", "}fr", "{fr}:"]) {
    expect(() => open({ prefix })).toThrow(expect.objectContaining({ code: "FR1002", message: expect.stringContaining("prefix") }));
  }
  expect(() => open({ url: "http://127.0.0.1:6379" })).toThrow(expect.objectContaining({ code: "FR1002", disposition: "usage" }));
});
