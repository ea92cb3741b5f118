import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseVersion, type Version } from "@freshet/protocol";
import { createRedisStore, type StorePort, seedRedis } from "@freshet/store";
import { freshPrefix, patientTimeouts, testRedisUrl, until } from "@freshet/testkit";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { plainEnvironment } from "./config.js";

const MEMBERS = 6000;
const PER_SECOND = 500; // slow enough that the walk lasts while this process stands still
const HOLD_MS = 5000;
const CHILD = join(import.meta.dirname, "sweeping-main.ts");

interface Fact {
  readonly event: "stepped" | "ended" | "lost" | "trouble";
  readonly members?: number;
  readonly removed?: number;
}

let prefix: string;
let redis: Redis;
let store: StorePort;
let children: ChildProcess[];
beforeEach(() => {
  prefix = `${freshPrefix("sweep")}:`;
  redis = new Redis(testRedisUrl());
  store = createRedisStore({ url: testRedisUrl(), prefix, timeouts: patientTimeouts });
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (let at = 0; at < MEMBERS; at += 500) await redis.del(Array.from({ length: 500 }, (_, i) => key(at + i)));
  await redis.del(`${prefix}t:{${tag()}}:i`, `${prefix}t:{${tag()}}:f`, `${prefix}sweeps`);
  await store.close();
  redis.disconnect();
});

const tag = (): string => `brand:${prefix.slice(0, -1)}`;
const key = (at: number): string => `listing:${prefix.slice(0, -1)}:${at}`;
const indexSize = async (): Promise<number> => (await store.inspectTag(tag())).indexSize;

function version(digits: number): Version {
  const read = parseVersion(String(digits));
  if (read === null) throw new Error(`${digits} is no version`);
  return read;
}

async function put(at: number, digits: number): Promise<void> {
  await seedRedis(redis).putManaged(key(at), { value: "v", deps: new Map([["p/a", version(digits)]]), ttlMs: 600_000 });
  const fillTimeUs = Date.now() * 1000;
  await store.indexAdd({ tag: tag(), key: key(at), fillTimeUs, keepMs: 600_000, floorTtlMs: 9250, skewMs: 250 });
}

/** Fills the tag: every hundredth entry is newer than the bust that follows. */
async function fillAndBust(): Promise<void> {
  for (let at = 0; at < MEMBERS; at += 200)
    await Promise.all(Array.from({ length: 200 }, (_, i) => put(at + i, (at + i) % 100 === 0 ? 9 : 1)));
  const origin = { subject: "p/a", version: version(5), spaceKind: "counter", mode: "hard", rule: "brand" } as const;
  await store.bustTags([{ target: "tag", tag: tag(), spec: { floorTtlMs: 9250, skewMs: 250 }, ...origin }]);
}

function startSweeping() {
  const facts: Fact[] = [];
  const argv = [CHILD, testRedisUrl(), prefix, String(PER_SECOND), String(HOLD_MS)];
  const child = spawn(process.execPath, argv, { env: plainEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    facts.push(...lines.map((line): Fact => JSON.parse(line)));
  });
  const handled = () => facts.reduce((sum, { event, members = 0 }) => sum + (event === "stepped" ? members : 0), 0);
  return { child, facts, handled, has: (event: Fact["event"]) => facts.some((fact) => fact.event === event) };
}

async function newerOnesOnly(): Promise<void> {
  const there: number[] = [];
  for (let at = 0; at < MEMBERS; at++) if ((await redis.exists(key(at))) === 1) there.push(at);
  expect(there.filter((at) => at % 100 !== 0)).toEqual([]);
  expect(there).toHaveLength(MEMBERS / 100);
  expect(await indexSize()).toBe(MEMBERS / 100);
  expect(await store.pendingSweeps()).toEqual([]);
  expect(await store.inspectTag(tag())).toMatchObject({ sweep: null, next: [] });
}

test("a process that is killed in the middle of a sweep: another goes on from its last step to the end", async () => {
  await fillAndBust();
  const first = startSweeping();
  await until(async () => first.handled() >= 1000 && (await indexSize()) > 1000, { what: "the walk is under way" });
  first.child.kill("SIGKILL");
  await once(first.child, "close");
  const left = await indexSize();
  expect(left).toBeGreaterThan(MEMBERS / 100);
  expect((await store.inspectTag(tag())).sweep).not.toBeNull();
  const second = startSweeping();
  await until(() => second.has("ended"), { timeoutMs: 90_000, what: "the second process ends the walk" });
  await until(async () => (await store.pendingSweeps()).length === 0);
  expect(second.handled()).toBeLessThanOrEqual(MEMBERS - first.handled());
  expect(second.handled()).toBeGreaterThan(0);
  await newerOnesOnly();
}, 360_000);

test("a process that is frozen longer than its hold: another takes over, and the first one stops at once when it wakes", async () => {
  await fillAndBust();
  const first = startSweeping();
  await until(() => first.handled() >= 1000, { what: "the walk is under way" });
  first.child.kill("SIGSTOP");
  const second = startSweeping();
  await until(() => second.handled() >= 1000, { timeoutMs: 90_000, what: "the second process has the walk" });
  const before = first.handled();
  first.child.kill("SIGCONT");
  await until(() => first.has("lost"), { what: "the first one knows" });
  expect(first.handled() - before).toBeLessThanOrEqual(500); // what it had told before it was frozen may arrive only now
  // Mostly the second one; but where it stood still for as long, the first has taken the walk back.
  await until(() => first.has("ended") || second.has("ended"), { timeoutMs: 90_000, what: "whoever has the walk ends it" });
  await until(async () => (await store.pendingSweeps()).length === 0);
  await newerOnesOnly();
}, 360_000);
