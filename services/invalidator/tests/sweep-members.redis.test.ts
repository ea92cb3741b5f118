import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSweeper, type SweepEvents, type Sweeper, type SweepTrouble } from "@freshet/pipeline";
import { parseVersion } from "@freshet/protocol";
import { loadRules } from "@freshet/rules";
import { createRedisStore, type StorePort } from "@freshet/store";
import { type OwnRedis, patientTimeouts, startRedis, until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { abortableSleep } from "../src/sweeping.js";

const root = new URL("../../../", import.meta.url);
const userLines = readFileSync(new URL("infra/redis/users.acl", root), "utf8").trimEnd().split("\n");
const runbook = readFileSync(new URL("infra/runbooks/FreshetSweepStuck.md", root), "utf8");
const TAG = "brand:acme";
const INDEX = `fr:t:{${TAG}}:i`;
const SPEC = { floorTtlMs: 60_000, skewMs: 250 };
let server: OwnRedis;
let admin: Redis;
let reader: StorePort;
let invalidator: StorePort;
const sweepers: Sweeper[] = [];
const { rules } = loadRules(`freshet: 1
sources: [{ name: products, topic: products, format: cloudevents, space: p }]
families: { page: { key: "cache:page:{id}", ttl: 10m, tags: [{ tag: brand, with: { id: id } }] } }
tags: { brand: { key: "brand:{id}", kind: swept } }
rules: [{ name: brand, source: products, bust: [{ tag: brand, with: { id: subject } }] }]
`);

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
  for (const line of userLines) {
    const [, name = "", ...words] = line.split(" ");
    await admin.call("ACL", "SETUSER", name, ">secret", ...words);
  }
  const storeOf = (role: "reader" | "invalidator") =>
    createRedisStore({
      url: server.url,
      prefix: "fr:",
      role,
      options: { username: `freshet-${role}`, password: "secret" },
      timeouts: patientTimeouts,
    });
  reader = storeOf("reader");
  invalidator = storeOf("invalidator");
}, 90_000);
afterEach(async () => {
  await Promise.all(sweepers.splice(0).map((sweeper) => sweeper.stop()));
  await admin.flushdb();
});
afterAll(async () => {
  await Promise.all([reader.close(), invalidator.close()]);
  await admin.quit();
  await server.close();
});

function sweep() {
  if (rules === null) throw new Error("the rules have findings");
  const steps: Parameters<SweepEvents["stepped"]>[1][] = [];
  const troubles: SweepTrouble[] = [];
  const sweeper = createSweeper({
    store: invalidator,
    rules,
    scheduler: { nowMs: () => Date.now(), sleep: abortableSleep },
    newId: randomUUID,
    events: {
      stepped: (_tag, step) => void steps.push(step),
      sweepEnded: () => undefined,
      sweepLost: () => undefined,
      sweepTrouble: (trouble) => void troubles.push(trouble),
    },
    settings: { lookEveryMs: 50, retryFirstMs: 20, retryMaxMs: 100 },
  });
  sweepers.push(sweeper);
  sweeper.start();
  return { steps, troubles };
}

const page = (id: number) => `cache:page:${id}`;

async function fillPages(): Promise<void> {
  for (let id = 0; id < 20; id++) {
    await admin.hset(page(id), { v: "old", d: "\np/a\t1" });
    await index(page(id));
  }
}

async function index(key: string): Promise<void> {
  await reader.indexAdd({ tag: TAG, key, fillTimeUs: Date.now() * 1000, keepMs: 60_000, ...SPEC });
}

async function bust(version: string): Promise<void> {
  const origin = { subject: "p/a", version: parseVersion(version), spaceKind: "counter", mode: "hard", rule: "cli" } as const;
  await invalidator.bustTags([{ target: "tag", tag: TAG, spec: SPEC, ...origin }]);
}

const pagesLeft = async () => (await admin.keys("cache:page:*")).length;

test("a reader can put none of Freshet's own keys into an index", async () => {
  for (const key of ["fr:bounds", "fr:sweeps", "fr:t:{other}:f", "fr:g:k:{a}"]) {
    await expect(index(key)).rejects.toMatchObject({ code: "FR1006" });
  }
  expect(await admin.exists(INDEX)).toBe(0);
});

test("a walk leaves Freshet's own keys alone that an index holds, and takes them out", async () => {
  await fillPages();
  await invalidator.bustTags([
    {
      target: "tag",
      tag: "other",
      spec: SPEC,
      subject: "p/b",
      version: parseVersion("7"),
      spaceKind: "counter",
      mode: "hard",
      rule: "cli",
    },
  ]);
  await admin.set("fr:bounds", "{}");
  await admin.set("fr:g:k:{a}", "0000000000000001hp/1\t1");
  const own = ["fr:bounds", "fr:sweeps", "fr:t:{other}:f", "fr:t:{brand:acme}:f", "fr:g:k:{a}"];
  const before = await admin.dumpBuffer("fr:t:{other}:f");
  for (const key of own) await admin.zadd(INDEX, Date.now() * 1000, key);
  await admin.zrem("fr:sweeps", "other"); // nobody walks it meanwhile
  await bust("5");
  const { steps } = sweep();
  await until(async () => (await invalidator.pendingSweeps()).length === 0);
  expect(await pagesLeft()).toBe(0);
  expect(steps.reduce((sum, step) => sum + step.own, 0)).toBe(own.length);
  expect(await admin.zcard(INDEX)).toBe(0);
  expect(await admin.get("fr:bounds")).toBe("{}");
  expect(await admin.exists("fr:g:k:{a}")).toBe(1);
  expect(await admin.dumpBuffer("fr:t:{other}:f")).toEqual(before);
});

test("keys that the invalidator may not touch hold up no other member; the runbook finds them, and without them the walk ends", async () => {
  await admin.set("session:1", "x");
  await index("session:1");
  await fillPages();
  await index("session:2");
  await index("a\0b");
  await bust("5");
  const { steps, troubles } = sweep();
  await until(async () => (await pagesLeft()) === 0 && troubles.length > 2);
  expect(troubles.every(({ code, tag }) => code === "FR2003" && tag === TAG)).toBe(true);
  expect(steps.some(({ refused }) => refused === 3)).toBe(true);
  expect(await invalidator.inspectTag(TAG)).toMatchObject({ sweep: { busts: [{ version: "5" }] } });
  await fillPages();
  await bust("6");
  await until(async () => (await pagesLeft()) === 0);
  expect(await admin.get("session:1")).toBe("x");
  await admin.zrem(INDEX, "a\0b"); // a shell has no word for it
  const commands = [...runbook.matchAll(/^ +(redis-cli .*)$/gm)].map(([, command = ""]) => command);
  const [find = "", remove = ""] = commands.map((command) => command.replaceAll("redis-cli", `redis-cli -u ${server.url}`));
  const sh = (command: string) => execFileSync("sh", ["-c", command], { encoding: "utf8" });
  expect(sh(find).match(/session:\d/g)).toEqual(["session:1", "session:2"]);
  for (const key of ["session:1", "session:2"]) sh(remove.replace("session:1", key));
  await until(async () => (await invalidator.pendingSweeps()).length === 0);
  expect(await admin.get("session:1")).toBe("x");
});

test("a right that is missing for all keys still stops the walk at once", async () => {
  await fillPages();
  await bust("5");
  await admin.call("ACL", "SETUSER", "freshet-invalidator", "-unlink");
  const { steps, troubles } = sweep();
  await until(async () => troubles.length > 1);
  await admin.call("ACL", "SETUSER", "freshet-invalidator", "+unlink");
  expect(troubles[0]).toMatchObject({ code: "FR2003" });
  await until(async () => (await pagesLeft()) === 0);
  expect(steps.every(({ refused }) => refused === 0)).toBe(true);
});
