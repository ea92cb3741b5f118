import { type OwnRedis, type OwnRedisCluster, startRedis, startRedisCluster } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { managed } from "../tests/cluster-bench.js";
import { PASSWORD, roles, storeAs, userOf, writeUsers } from "../tests/users.js";
import type { StorePort } from "./port.js";
import { createRedisStore } from "./redis-store.js";
import { commandsOf, type StoreRole } from "./roles.js";

/** What every user needs to connect, to run scripts, and to find its way in a cluster. */
const CONNECTION = ["+info", "+script|load", "+eval", "+evalsha", "+asking", "+cluster|slots"];
const users = writeUsers({ prefix: "fr:", families: ["page:*"] });
let server: OwnRedis;
let cluster: OwnRedisCluster;
let admin: Redis;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRedis({ args: ["--aclfile", users.path] });
  cluster = await startRedisCluster();
  admin = new Redis(server.url);
}, 180_000);
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await admin.flushall();
});
afterAll(async () => {
  admin.disconnect();
  await Promise.all([server.close(), cluster.close()]);
  users.remove();
});

function opened(store: StorePort): StorePort {
  closers.push(() => store.close());
  return store;
}

/** The user of a role with one right less, on every server of the cluster. */
async function storeWithout(role: StoreRole, right: string): Promise<StorePort> {
  const { base, keys, rights } = userOf(role);
  const rules = [...base, ...keys, ...rights.filter((one) => one !== right)];
  for (const master of cluster.masters) {
    await cluster.clientOf(master).call("ACL", "SETUSER", "less", "reset", `>${PASSWORD}`, ...rules);
  }
  const options = { username: "less", password: PASSWORD };
  return opened(createRedisStore({ url: cluster.url, mode: "cluster", prefix: "fr:", role, options }));
}

describe.each(roles)("the user of the %s", (role) => {
  test("has the rights that its scripts and its store need, and no others", () => {
    const needed = [...CONNECTION, ...[...commandsOf(role)].map((command) => `+${command.toLowerCase()}`).sort()];
    expect(userOf(role).rights).toEqual(needed);
    expect(userOf(role).base).toEqual(["on", "resetkeys", "resetchannels", "-@all"]);
  });

  test("needs each of them: without it the probe refuses, and names it", async () => {
    for (const right of userOf(role).rights) {
      const store = await storeWithout(role, right);
      const findings = await store.probe().catch((error: unknown) => [error]);
      const text = findings.map((one) => JSON.stringify(one) + (one instanceof Error ? one.message : "")).join();
      expect({ right, text }).toEqual({
        right,
        text: expect.stringMatching(new RegExp(`FR2003.*\\b${right.slice(1).replace("|", "\\|")}\\b`)),
      });
    }
  });

  test("may run these and no other command that the server knows", async () => {
    const runnable: string[] = [];
    for (const { name, args } of await knownCommands()) {
      const verdict = String(await admin.call("ACL", "DRYRUN", userOf(role).name, ...name.split("|"), ...args).catch(String));
      if (!/no permissions to run/.test(verdict)) runnable.push(name);
    }
    expect(runnable.sort()).toEqual(
      userOf(role)
        .rights.map((right) => right.slice(1))
        .sort(),
    );
  });

  test.each([
    ...[["flushall"], ["flushdb"], ["keys", "*"], ["scan", "0"], ["config", "get", "maxmemory"], ["acl", "list"], ["del", "page:1"]],
    ...[
      ["script", "flush"],
      ["subscribe", "page"],
      ["publish", "page", "x"],
      ["function", "flush"],
    ],
    ...[
      ["get", "foreign:1"],
      ["set", "foreign:1", "x"],
      ["unlink", "foreign:1"],
      ["eval", "return 1", "1", "foreign:1"],
    ],
    ...[
      ["eval", "return redis.call('GET', 'foreign:1')", "0"],
      ["eval", "return redis.call('FLUSHALL')", "0"],
    ],
  ])("may not run %s %s", async (command, ...args) => {
    const client = clientAs(role);
    await expect(client.call(command, ...args)).rejects.toThrow(/NOPERM|can't run this command|can't access|ACL failure/);
  });
});

test.each([
  ["reader", "set", "fr:bounds"],
  ["reader", "zadd", "fr:sweeps"],
  ["reader", "unlink", "fr:sweeps"],
  ["operator", "set", "fr:bounds"],
  ["operator", "unlink", "fr:bounds"],
] as const)("the %s may not run %s %s", async (role, command, key) => {
  const args = { set: ["x"], zadd: ["1", "a"], unlink: [] }[command];
  await expect(clientAs(role).call(command, key, ...args)).rejects.toThrow("NOPERM");
});

test.each([
  ["zcard", (store: StorePort) => store.inspectTag("brand:1")],
  ["hgetall", (store: StorePort) => store.inspectTag("brand:1")],
  ["type", (store: StorePort) => store.inspect("page:1", managed)],
] as const)("an operator without %s is told so by whoever looks", async (right, look) => {
  const store = await storeWithout("operator", `+${right}`);
  await expect(look(store)).rejects.toMatchObject({ code: "FR2003", message: `Redis answered NOPERM to ${right}.` });
});

test("an operator whose keys are out of reach is told that it is keys", async () => {
  const store = opened(storeAs("operator", { url: server.url, prefix: "elsewhere:" }));
  await expect(store.inspectTag("brand:1")).rejects.toMatchObject({ code: "FR2003", message: "Redis answered NOPERM to keys." });
});

test.each(["promote", "drop"] as const)("%s tells a read that Redis refused from an entry that is gone", async (step) => {
  const store = await storeWithout("reader", "+hget");
  await expect(store[step]("page:1", managed, "t")).rejects.toMatchObject({ code: "FR2003", disposition: "halt" });
});

test("a reader reads the bounds that the invalidator has published, and publishes none", async () => {
  const [invalidator, reader] = (["invalidator", "reader"] as const).map((role) =>
    opened(storeAs(role, { url: server.url, prefix: "fr:" })),
  );
  const bounds = { leaseMs: 1, lagMs: 1, skewMs: 1, fillMs: 1, floorMs: 5, tagFloorMs: 5 };
  await invalidator?.publishBounds(bounds);
  expect(await reader?.readBounds()).toMatchObject(bounds);
  await expect(reader?.publishBounds(bounds)).rejects.toMatchObject({ code: "FR2003" });
});

test("nobody comes in without a password of their own", async () => {
  await admin.call("ACL", "SETUSER", "bare", "reset", ...userOf("reader").base);
  const client = new Redis(server.url, { username: "bare", password: "", lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => undefined);
  closers.push(() => client.disconnect());
  await expect(client.call("auth", "bare", "")).rejects.toThrow(/WRONGPASS|closed|NOAUTH/);
});

type CommandReply = readonly [name: string, arity: number, flags: readonly string[], ...rest: readonly unknown[]];
const SUBCOMMANDS = 9;

/** Each command, subcommands in place of what holds them, with as many arguments as it wants. Those for logging in ask for no right. */
async function knownCommands(): Promise<readonly { readonly name: string; readonly args: readonly string[] }[]> {
  const all = (await admin.call("COMMAND")) as readonly CommandReply[];
  expect(all.length).toBeGreaterThan(200);
  const leaves = all.flatMap((command) => {
    const below = command[SUBCOMMANDS] as readonly CommandReply[] | undefined;
    return below === undefined || below.length === 0 ? [command] : below;
  });
  return leaves
    .filter(([, , flags]) => !flags.includes("no_auth"))
    .map(([name, arity]) => ({ name, args: Array<string>(Math.abs(arity) - name.split("|").length).fill("fr:t:probe") }));
}

function clientAs(role: StoreRole): Redis {
  const client = new Redis(server.url, { username: userOf(role).name, password: PASSWORD });
  closers.push(() => client.disconnect());
  return client;
}
