import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type EntrySpec, type KeyBust, limits, parseVersion, type TagBust, type Version } from "@freshet/protocol";
import { createRng, freshPrefix, type OwnRedis, patientTimeouts, startRedis } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { createRedisStore, type FillRequest, type StorePort } from "./index.js";
import { tagKeys } from "./tag-keys.js";

const page = readFileSync(join(import.meta.dirname, "../../../docs/reference/redis-layout.md"), "utf8");
const [, measured = ""] = page.split("\n## Measured\n");
const rows = new Map(
  [...measured.matchAll(/^\| ([^|]+) \| ([\d, |]+) \|$/gm)].map(([, name = "", numbers = ""]) => [
    name,
    numbers.split(/, | \| /).map((digits) => Number(digits.replaceAll(",", ""))),
  ]),
);

const entry: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 5_000 };
const spec = { floorTtlMs: 60_000, skewMs: 1 };
const subject = "catalog.product/1234567";
const token = "0123456789abcdef";
const rng = createRng();
const version = parseVersion("123") as Version;
const rowsSeen = new Set<string>();
let redis: OwnRedis;
let client: Redis;
let store: StorePort;
let isMeasured = false;

beforeAll(async () => {
  redis = await startRedis(); // one that saves nothing: while Redis saves, its tables grow later
  client = new Redis(redis.url);
  store = createRedisStore({ url: redis.url, prefix: "fr:", timeouts: patientTimeouts });
  const [server, memory] = [await client.info("server"), await client.info("memory")];
  isMeasured = /^redis_version:7\.0\./m.test(server) && /^mem_allocator:jemalloc/m.test(memory);
});
afterAll(async () => {
  client?.disconnect();
  await store?.close();
  await redis?.close();
});

/** What the page says, of each row, on the server it was measured on; elsewhere about that. */
function expectRow(name: string, bytes: readonly number[]): void {
  const due = rows.get(name);
  rowsSeen.add(name);
  if (isMeasured) expect([name, ...bytes]).toEqual([name, ...(due ?? [])]);
  else for (const [i, each] of bytes.entries()) expect(each / (due?.[i] ?? 0)).toBeLessThan(1.3);
}

/** A table that has grown keeps its old one until it was looked into often enough; how often, the server's hash seed decides. */
async function settle(key: string): Promise<void> {
  const [type, buckets] = [await client.type(key), 1024];
  const nobody = Array.from({ length: buckets }, () => "-");
  if (type === "hash") await client.hmget(key, ...nobody);
  if (type !== "zset") return;
  for (let left = await client.zcard(key); left > 0; left -= buckets) await client.zmscore(key, ...nobody);
}

async function bytesOf(key: string): Promise<number> {
  await settle(key);
  return Number(await client.memory("USAGE", key, "SAMPLES", 0));
}

/** As long as `product:1234567`, and nobody else's. */
const freshKey = () => `product:${rng.integer(1_000_000, 9_999_999)}`;
const bustOf = (key: string, change: Partial<KeyBust> = {}): KeyBust => ({
  ...{ target: "key", key, family: "f", entry, subject, version, spaceKind: "counter", mode: "hard", rule: "r" },
  ...change,
});
const lease = (key: string) => store.lease({ key, entry, token, epochs: new Map(), leaseTtlMs: 5_000 });

async function fill(key: string, size: number, change: Partial<FillRequest> = {}): Promise<void> {
  await lease(key);
  const value = Buffer.alloc(size, "x");
  const common = { key, entry, token, value, encoding: "", deps: new Map([[subject, version]]), tags: [], epochs: new Map() };
  await store.fill({ ...common, primaryRead: false, freshMs: null, keepMs: 60_000, readLagMs: 0, provisionalMs: 1_000, ...change });
  await store.promote(key, entry, token);
}

async function floors(key: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await store.bust([bustOf(key, { subject: `catalog.product/${1_234_567 + i}` })]);
}

/** Bytes after some steps at a key of its own. */
async function after(work: (key: string) => Promise<unknown>): Promise<number> {
  const key = freshKey();
  await client.unlink(key);
  await work(key);
  return await bytesOf(key);
}

test("keys with floors and leases, and filled ones, take what the page says", async () => {
  expectRow("one floor alone", [await after((key) => floors(key, 1))]);
  const [long, id] = [`${freshPrefix("bytes")}:`.padEnd(40, "x"), { subject: "catalog.product/1234", version: parseVersion("123456") }];
  await store.bust([bustOf(long, id)]);
  expectRow("one floor alone, key of 40 bytes, subject of 20, version of 6 digits", [await bytesOf(long)]);
  expectRow("two floors alone", [await after((key) => floors(key, 2))]);
  expectRow("one floor and a lease", [await after((key) => floors(key, 1).then(() => lease(key)))]);
  expectRow("sixteen floors", [await after((key) => floors(key, limits.floorsPerEntryMax))]);
  expectRow("empty value, one dep", [await after((key) => fill(key, 0))]);
  const of200 = [
    await after((key) => fill(key, 200)),
    await after((key) => fill(key, 200).then(() => floors(key, 1))),
    await after((key) => fill(key, 200).then(() => store.bust([bustOf(key, { version: parseVersion("124"), mode: "soft" })]))),
  ];
  expectRow("value of 200 bytes: one dep; and a floor; softened, with its floor", of200);
  expectRow("value of 1,000 bytes, one dep, one floor", [await after((key) => fill(key, 1_000).then(() => floors(key, 1)))]);
  expectRow("a lease alone", [await after(lease)]);
});

test("a filled entry takes so much more than a plain string", async () => {
  const tenDeps = new Map(Array.from({ length: 10 }, (_, i) => [`catalog.product/${1_234_567 + i}`, version] as const));
  const epochs = new Map([["tenant:shop", { generation: 1_763_716_800_000_000, hardGeneration: 1, ageUs: 5_000_000 }]]);
  const over = async (size: number) => {
    const plain = await after((key) => client.set(key, Buffer.alloc(size, "x"), "PX", 60_000));
    const filled = [
      await after((key) => fill(key, size)),
      await after((key) => fill(key, size).then(() => floors(key, 1))),
      await after((key) => fill(key, size, { deps: tenDeps })),
      await after((key) => fill(key, size, { tags: ["list:shop"] })),
      await after((key) => fill(key, size, { epochs })),
      await after((key) => fill(key, size, { tags: ["list:shop"], epochs })),
    ];
    return filled.map((bytes) => bytes - plain);
  };
  expectRow("40 bytes", await over(40));
  expectRow("200 bytes, 1,000 bytes", await over(200));
  expectRow("200 bytes, 1,000 bytes", await over(1_000));
});

test("the keys of tags take what the page says", async () => {
  const tag = () => freshPrefix("brand").slice(0, 10);
  const bust = (name: string, id = 0, target: "tag" | "epoch" = "tag"): TagBust => ({
    ...{ target, tag: name, subject: `catalog.product/${1_234_567 + id}`, version, spaceKind: "counter", mode: "hard", rule: "r", spec },
  });
  const indexed = async (members: number, size: number) => {
    const { index, state } = tagKeys("fr:", tag());
    const scores = Array.from({ length: members }, (_, i) => [
      String(1_763_716_800_000_000 + i),
      `product:${1_000_000 + i}`.padEnd(size, "x"),
    ]);
    for (let at = 0; at < members; at += 1_000) await client.zadd(index, ...scores.slice(at, at + 1_000).flat());
    return { bytes: await bytesOf(index), state };
  };
  const perMember = async (members: number, size: number) => Math.round((await indexed(members, size)).bytes / members);
  expectRow("registry, a tag of 16 bytes, of 65,536", [await perMember(65_536, 16)]);
  expectRow("index, a member, up to 128 members of at most 64 bytes", [await perMember(128, 15)]);
  expectRow("index, a member, of 65,536; keys of 15 bytes, of 40 bytes", [await perMember(65_536, 15), await perMember(65_536, 40)]);

  const stateOf = async (work: (name: string) => Promise<unknown>, key: "state" | "epoch" = "state") => {
    const name = tag();
    await work(name);
    await client.zrem("fr:sweeps", name);
    return await bytesOf(tagKeys("fr:", name)[key]);
  };
  const add = (name: string) =>
    store.indexAdd({ tag: name, key: "product:1234567", fillTimeUs: Date.now() * 1000, keepMs: 60_000, ...spec });
  const busted = async (name: string, count: number) => {
    for (let i = 0; i < count; i++) await store.bustTags([bust(name, i)]);
  };
  const claim = (name: string) => store.claimSweep(name, { id: token, holdMs: 60_000 });
  const cursor = { score: 1_763_716_800_000_000, member: "product:1234567" };
  const walk = (name: string) => claim(name).then(() => store.moveSweep(name, { id: token, holdMs: 60_000, cursor, gone: [] }));
  expectRow("state without floors", [await stateOf(add)]);
  const one = [
    await stateOf((name) =>
      busted(name, 1)
        .then(() => claim(name))
        .then(() => store.endSweep(name, token)),
    ),
    await stateOf((name) => busted(name, 1)),
    await stateOf((name) => busted(name, 1).then(() => walk(name))),
  ];
  expectRow("state with one floor: at rest, pending, while it is walked", one);
  const many = limits.floorsPerTagMax;
  const full = [
    await stateOf((name) =>
      busted(name, many)
        .then(() => claim(name))
        .then(() => store.endSweep(name, token)),
    ),
    await stateOf((name) => busted(name, many)),
  ];
  expectRow("state with 64 floors: at rest, pending", full);
  const bumped = async (name: string, count: number) => {
    for (let i = 0; i < count; i++) await store.bustTags([bust(name, i, "epoch")]);
  };
  const epochs = [
    await stateOf((name) => store.epochs([{ tag: name, skewMs: 1 }]), "epoch"),
    await stateOf((name) => bumped(name, 1), "epoch"),
    await stateOf((name) => bumped(name, limits.recordsPerEpochMax), "epoch"),
  ];
  expectRow("epoch: new, with one record, with 64 records", epochs);
}, 180_000);

test("no row of the page is left out", () => {
  expect([...rows.keys()].filter((name) => !rowsSeen.has(name))).toEqual([]);
  expect(rows.size).toBeGreaterThan(15);
});
