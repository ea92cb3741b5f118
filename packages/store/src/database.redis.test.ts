import { asFreshetError, type EntrySpec, type KeyBust, parseVersion } from "@freshet/protocol";
import { type OwnRedis, patientTimeouts, SENTINEL_NAME, startFaultProxy, startRedis, startSentinel, until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { roles, userOf } from "../tests/users.js";
import type { StorePort } from "./port.js";
import type { RedisConnectionConfig } from "./redis-connection.js";
import { createRedisStore } from "./redis-store.js";

const timeouts = { commandMs: 1_000, socketMs: 2_000, connectMs: 1_000, readyMs: 1_200, deadlineMs: 4_000 };
const entry: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 60_000 };
const USER = { username: "worker", password: "secret" };
const noRight = { code: "FR2003", disposition: "halt", message: expect.stringContaining("select database 3 (NOPERM to select)") };
const noDatabase = { code: "FR1002", disposition: "halt", message: "Redis has no database 99." };

let server: OwnRedis;
let admin: Redis;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startRedis({ args: ["--databases", "16"] });
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server.close();
});
beforeEach(async () => {
  await admin.flushall();
  await admin.hset("page:1", { v: "a page of somebody else" });
  await maySelect(true);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function maySelect(may: boolean): Promise<void> {
  await admin.call("ACL", "SETUSER", USER.username, "reset", "on", `>${USER.password}`, "~*", "+@all", ...(may ? [] : ["-select"]));
}

function open(url: string, more: Partial<RedisConnectionConfig> = {}): StorePort {
  const store = createRedisStore({ prefix: "fr:", timeouts, ...more, url });
  closers.push(() => store.close());
  return store;
}

function bust(version = "5"): readonly KeyBust[] {
  const known = { target: "key", key: "page:1", family: "page", entry, subject: "p/1", spaceKind: "counter" } as const;
  return [{ ...known, version: parseVersion(version), mode: "hard", rule: "r" }];
}

/** Database 0 is somebody else's: it holds what it held before, and nothing of ours. */
async function expectUntouched(): Promise<void> {
  expect(await admin.keys("*")).toEqual(["page:1"]);
  expect(await admin.hgetall("page:1")).toEqual({ v: "a page of somebody else" });
}

async function keysIn(database: number): Promise<readonly string[]> {
  const client = new Redis(server.url, { db: database });
  const keys = await client.keys("*");
  client.disconnect();
  return keys;
}

async function expectRefused(store: StorePort, error: object): Promise<void> {
  // The first attempt may take longer than these timeouts; what was told of it is told from then on.
  expect(await outcomeOf(store, ({ disposition }) => disposition !== "wait")).toMatchObject(error);
  await expect(store.probe()).rejects.toMatchObject(error);
  const bounds = { leaseMs: 1, lagMs: 1, skewMs: 1, fillMs: 1, floorMs: 5, tagFloorMs: 5 };
  await expect(store.publishBounds(bounds)).rejects.toMatchObject(error);
  await expectUntouched();
}

interface Outcome {
  readonly code: string | null;
  readonly disposition: string | null;
}

/** Busts until what comes of it is as it is wanted. */
async function outcomeOf(store: StorePort, isWanted: (outcome: Outcome) => boolean): Promise<Outcome> {
  let last: Outcome = { code: "none yet", disposition: "wait" };
  const isDone = async () => {
    const work = store.bust(bust("6")).then(() => ({ code: null, disposition: null }));
    last = await work.catch(asFreshetError);
    return isWanted(last);
  };
  await until(isDone, { timeoutMs: 60_000, what: "the outcome that is wanted" });
  return last;
}

describe("a database that cannot be selected is refused, and database 0 is left alone", () => {
  test("for lack of the right", async () => {
    await maySelect(false);
    await expectRefused(open(`${server.url}/3`, { options: USER }), noRight);
  });

  test("as the server has fewer", () => expectRefused(open(`${server.url}/99`), noDatabase));

  test("also when the number comes from beside the URL", () => expectRefused(open(server.url, { options: { db: 99 } }), noDatabase));

  test.each([
    ["/3", noRight],
    ["/99", noDatabase],
  ])("behind sentinels: %s", async (path, error) => {
    const sentinel = await startSentinel(server);
    closers.push(() => sentinel.close());
    await maySelect(path === "/99");
    const url = `${sentinel.url}${path}`;
    await expectRefused(open(url, { sentinelName: SENTINEL_NAME, ...{ mode: "sentinel" }, options: USER }), error);
  });

  test.each(["/three", "/3x", "/-1", "/?db=3", "/1/2", "/?keyPrefix=app:"])("a URL that ends in %s is refused", (path) => {
    for (const mode of ["standalone", "cluster"] as const) {
      const refused = () => createRedisStore({ url: `${server.url}${path}`, mode, prefix: "fr:" });
      expect(refused).toThrow(expect.objectContaining({ code: "FR1002", disposition: "usage" }));
    }
  });
});

test("one that can be selected is used, and no other", async () => {
  const store = open(`${server.url}/3`, { options: USER, timeouts: patientTimeouts });
  expect(await store.probe()).toEqual([]);
  expect(await store.bust(bust())).toEqual(["absent"]);
  expect(await keysIn(3)).toContain("page:1");
  await expectUntouched();
});

test.each(roles)("the user of the %s needs +select for it, and nothing else besides its rights", async (role) => {
  const { base, keys, rights } = userOf(role);
  const own = (more: readonly string[]) =>
    admin.call("ACL", "SETUSER", USER.username, "reset", `>${USER.password}`, ...base, ...keys, ...rights, ...more);
  await own([]);
  const without = open(`${server.url}/3`, { options: USER });
  await outcomeOf(without, ({ disposition }) => disposition !== "wait");
  await expect(without.probe()).rejects.toMatchObject(noRight);
  await own(["+select"]);
  const store = createRedisStore({ url: `${server.url}/3`, prefix: "fr:", role, options: USER, timeouts: patientTimeouts });
  closers.push(() => store.close());
  expect(await store.probe()).toEqual([]);
  await expectUntouched();
});

describe("on a connection that is made anew", () => {
  test("the right that is gone halts, and the right that is back mends it", async () => {
    const store = open(`${server.url}/3`, { options: USER });
    await outcomeOf(store, ({ code }) => code === null);
    await maySelect(false);
    await admin.call("CLIENT", "KILL", "USER", USER.username);
    // The first calls may meet the old connection while it is cut.
    expect(await outcomeOf(store, ({ disposition }) => disposition !== "wait")).toMatchObject(noRight);
    await expectUntouched();
    await maySelect(true);
    expect(await outcomeOf(store, ({ code }) => code === null)).toEqual({ code: null, disposition: null });
    await expectUntouched();
  });

  test("what was in flight on the old one is not sent on one without the database", async () => {
    const proxy = await startFaultProxy({ to: new URL(server.url).host });
    closers.push(() => proxy.close());
    const store = open(`redis://${proxy.address}/3`, { options: USER, timeouts: { ...timeouts, commandMs: 1_500, socketMs: 1_800 } });
    await outcomeOf(store, ({ code }) => code === null);
    proxy.set({ kind: "drop-replies" });
    const inFlight = store.bust(bust("7")).catch((error: unknown) => error);
    const selected = new Redis(server.url, { db: 3 });
    closers.push(async () => selected.disconnect());
    await until(async () => (await selected.get("page:1"))?.endsWith("\t7") === true, {
      what: "the bust is done, and its reply on its way",
    });
    await maySelect(false);
    proxy.heal();
    await admin.call("CLIENT", "KILL", "USER", USER.username);
    expect(await inFlight).toMatchObject({ disposition: expect.stringMatching(/^(wait|halt)$/) });
    expect(await outcomeOf(store, ({ disposition }) => disposition !== "wait")).toMatchObject(noRight);
    await expectUntouched();
  });

  test("an answer to SELECT that comes too late is none", async () => {
    const proxy = await startFaultProxy({ to: new URL(server.url).host });
    closers.push(() => proxy.close());
    proxy.set({ kind: "delay", ms: 600 });
    const store = open(`redis://${proxy.address}/99`, { timeouts: { ...timeouts, readyMs: 1_800, deadlineMs: 4_000 } });
    await expect(store.bust(bust())).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
    await expectUntouched();
    proxy.heal();
    expect(await outcomeOf(store, ({ disposition }) => disposition !== "wait")).toMatchObject(noDatabase);
    await expectUntouched();
  });
});

test("what is told at each attempt names the database, once, and repeats nothing of the server", async () => {
  const told: string[] = [];
  const store = open(`${server.url}/99`, { onError: ({ code, message }) => told.push(`${code} ${message}`) });
  await expect(store.bust(bust())).rejects.toMatchObject(noDatabase);
  expect(new Set(told)).toEqual(new Set(["FR1002 Redis has no database 99."]));
});
