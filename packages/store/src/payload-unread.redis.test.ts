import { type EntrySpec, type KeyBust, parseVersion, type Version } from "@freshet/protocol";
import { freshPrefix, patientTimeouts, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { createRedisStore, type StorePort, seedRedis } from "./index.js";

type Command = readonly string[];

const PAYLOAD = "x".repeat(1024 * 1024);
const prefix = `${freshPrefix("payload")}:`;
const managed: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 60_000 };
const own = (kind: EntrySpec["kind"], gate: boolean): EntrySpec => ({ ...managed, kind, gate, versionField: kind === "hash" ? "ver" : "" });
const version = (digits: number) => parseVersion(String(digits)) as Version;
const deps = new Map([["p/1", version(5)]]);

let client: Redis;
let monitor: Redis;
let store: StorePort;
let seen: Command[] = [];
let key = "";
let count = 0;

beforeAll(async () => {
  client = new Redis(testRedisUrl());
  store = createRedisStore({ url: testRedisUrl(), prefix: "fr:", timeouts: patientTimeouts });
  monitor = await client.monitor();
  monitor.on("monitor", (_time: string, args: Command) => void seen.push(args));
});
afterAll(async () => {
  monitor.disconnect();
  await client.quit();
  await store.close();
});
beforeEach(() => {
  key = `${prefix}${++count}`;
});

/** What was done at the key while the work ran, by scripts too, between two marks in the order of the server. */
async function commandsOf(work: () => Promise<unknown>): Promise<readonly Command[]> {
  const [begin, end] = [freshPrefix("begin"), freshPrefix("end")];
  seen = [];
  await client.echo(begin);
  await work();
  await client.echo(end);
  const at = (mark: string) => seen.findIndex((args) => args.includes(mark));
  await until(() => at(end) > 0);
  const calls = new Set(["evalsha", "eval"]);
  return seen.slice(at(begin) + 1, at(end)).filter(([name = "", ...args]) => !calls.has(name.toLowerCase()) && args.includes(key));
}

/** Commands that tell nothing of a value, whatever its size; `MGET` and `HGET` do where the value is elsewhere. */
const blind = new Set(["exists", "type", "unlink", "hlen", "hkeys", "hdel", "hset", "hexists", "set", "mset", "pexpireat", "pexpiretime"]);

/** Whether the command may bring the payload along, which lies in the field `v` or `body` of a hash, or is the string itself. */
function readsPayload([name = "", , ...args]: Command, isHash: boolean): boolean {
  const command = name.toLowerCase();
  if (blind.has(command)) return false;
  if (command === "mget" || command === "get") return !isHash;
  if (command === "hget" || command === "hmget") return args.includes("v") || args.includes("body");
  return !(command === "getrange" && args.join() === "0,20");
}

async function put({ kind }: EntrySpec): Promise<void> {
  await client.unlink(key, `{${key}}v`, `fr:g:k:{${key}}`);
  if (kind === "managed") await seedRedis(client).putManaged(key, { value: PAYLOAD, deps });
  else if (kind === "hash") await seedRedis(client).putHash(key, { fields: { body: PAYLOAD, ver: "5" } });
  else await seedRedis(client).putOpaque(key, { value: kind === "prefix" ? `5\n${PAYLOAD}` : PAYLOAD });
  if (kind === "companion") await client.set(`{${key}}v`, "5");
}

function bustOf(entry: EntrySpec, digits: number | null, mode: "hard" | "soft" = "hard"): KeyBust {
  const beside = entry.kind === "companion" ? { versionKey: `{${key}}v` } : {};
  const common = { target: "key", key, ...beside, family: "f", entry, subject: "p/1", spaceKind: "counter", rule: "r" } as const;
  return { ...common, version: digits === null ? null : version(digits), mode };
}

const kinds: readonly (readonly [string, EntrySpec])[] = [
  ["managed", managed],
  ["hash", own("hash", false)],
  ["hash with a gate", own("hash", true)],
  ["prefix", own("prefix", false)],
  ["prefix with a gate", own("prefix", true)],
  ["companion", own("companion", false)],
  ["companion with a gate", own("companion", true)],
];

test.each(kinds)("no bust reads a payload of 1 MB: %s", async (_what, entry) => {
  const isHash = entry.kind === "managed" || entry.kind === "hash";
  const busts = [bustOf(entry, 4), bustOf(entry, 6), bustOf(entry, null), ...(entry.kind === "managed" ? [bustOf(entry, 7, "soft")] : [])];
  const outcomes: string[] = [];
  const reading: Command[] = [];
  for (const bust of busts) {
    await put(entry);
    const commands = await commandsOf(async () => outcomes.push(...(await store.bust([bust]))));
    expect(commands.length).toBeGreaterThan(0);
    reading.push(...commands.filter((command) => readsPayload(command, isHash)));
  }
  expect(outcomes).toEqual(["covered", "removed", "removed", "softened"].slice(0, busts.length));
  expect(reading).toEqual([]);
  await client.unlink(key, `{${key}}v`, `fr:g:k:{${key}}`);
});

test.each(kinds.filter(([, { kind, gate }]) => gate && kind !== "managed"))(
  "nor does a write that is refused: %s",
  async (_what, entry) => {
    await put(entry);
    const beside = entry.kind === "companion" ? { versionKey: `{${key}}v` } : {};
    const content = entry.kind === "hash" ? new Map([["body", "old"]]) : Buffer.from("old");
    const common = { key, ...beside, entry, token: null, subject: "p/1", version: version(4), content };
    const write = () => store.setIfNewer({ ...common, keepMs: 60_000, primaryRead: false, readLagMs: 0 });
    const commands = await commandsOf(async () => expect(await write()).toEqual({ outcome: "refused", reason: "older" }));
    expect(commands.filter((command) => readsPayload(command, entry.kind === "hash"))).toEqual([]);
    await client.unlink(key, `{${key}}v`, `fr:g:k:{${key}}`);
  },
);

test("a payload that is read is noticed", async () => {
  await put(own("prefix", false));
  const commands = await commandsOf(() => client.get(key));
  expect(commands.map((command) => readsPayload(command, false))).toEqual([true]);
  expect(readsPayload(["HMGET", key, "d", "v"], true)).toBe(true);
  expect(readsPayload(["HGETALL", key], true)).toBe(true);
  expect(readsPayload(["GETRANGE", key, "0", "-1"], false)).toBe(true);
  await client.unlink(key);
});
