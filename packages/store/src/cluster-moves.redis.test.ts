import type { EntrySpec } from "@freshet/protocol";
import { type OwnRedisCluster, startRedisCluster, startSlotMove, startStopwatch } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Cluster } from "ioredis";
import { bust, clientOver, expectFloors, managed, storeOver, tagsOf } from "../tests/cluster-bench.js";
import { slotOf } from "./key-slot.js";
import type { StorePort } from "./port.js";
import { seedRedis } from "./seed.js";

let cluster: OwnRedisCluster;
let client: Cluster;
let store: StorePort;

beforeAll(async () => {
  cluster = await startRedisCluster();
  client = clientOver(cluster);
}, 180_000);
afterAll(async () => {
  client.disconnect();
  await cluster.close();
});
beforeEach(() => {
  store = storeOver(cluster);
});
afterEach(() => store.close());

let used = 0;
/** A slot that no other test moved, keys in it, and its way. */
async function slotOnTheWay(count: number) {
  const [from, to] = cluster.masters;
  if (from === undefined || to === undefined) throw new Error("a cluster of fewer than two");
  const tag = (await tagsOf(cluster, from, used + 1))[used] ?? "";
  used += 1;
  const keys = Array.from({ length: count }, (_, i) => `page:{${tag}}:${i}`);
  return { tag, keys, begin: () => startSlotMove(cluster, { slot: slotOf(tag), from, to }) };
}

const elsewhere = (count: number) => Array.from({ length: count }, (_, i) => `page:elsewhere:${used}:${i}`);

test("a slot that moved behind the store's back: calls of this and other slots work, once and again", async () => {
  const { keys, begin } = await slotOnTheWay(10);
  const all = [...keys, ...elsewhere(50)];
  for (const key of all) await seedRedis(client).putManaged(key, { value: "page", deps: new Map() });
  expect(await store.bust([bust("page:warm-up")])).toEqual(["absent"]);
  await (await begin()).finish();
  expect(await store.bust(all.map((key) => bust(key)))).toEqual(all.map(() => "removed"));
  expect(await store.bust(all.map((key) => bust(key, 6)))).toEqual(all.map(() => "absent"));
  await expectFloors(store, all, 6);
});

test("a slot on its way: keys here, there and nowhere, in one call", async () => {
  const { keys, begin } = await slotOnTheWay(9);
  for (const key of keys.slice(0, 6)) await seedRedis(client).putManaged(key, { value: "page", deps: new Map() });
  const move = await begin();
  await move.moveKeys(keys.slice(0, 3));
  const due = keys.map((_, i) => (i < 6 ? "removed" : "absent"));
  expect(await store.preview(keys.map((key) => bust(key)))).toEqual(due);
  expect(await store.bust([...keys, ...elsewhere(20)].map((key) => bust(key)))).toEqual([...due, ...elsewhere(20).map(() => "absent")]);
  expect(await store.bust(keys.map((key) => bust(key, 6)))).toEqual(keys.map(() => "absent"));
  await move.finish();
  await expectFloors(store, keys, 6);
});

// Redis 7.2 and newer, and Valkey, crash when a client with NO-TOUCH asks for a key of a slot that is moving.
test("no connection of the store is one that would crash a server while slots move", async () => {
  await store.bust(elsewhere(50).map((key) => bust(key)));
  const [first] = cluster.masters;
  if (first === undefined) throw new Error("a cluster of none");
  const clients = String(await cluster.clientOf(first).client("LIST")).split("\n");
  expect(clients.filter((line) => line.includes("cmd=evalsha"))).not.toHaveLength(0);
  expect(clients.filter((line) => /flags=\w*T/.test(line))).toEqual([]);
});

test("floors and lease that a key on its way had are still there after a bust that removed it", async () => {
  const { keys, begin } = await slotOnTheWay(1);
  const [key = ""] = keys;
  await store.bust([bust(key, 7, { subject: "other/1" })]);
  const lease = { key, entry: managed, epochs: new Map(), leaseTtlMs: 30_000 };
  await store.lease({ ...lease, token: "t1" });
  const fill = { key, entry: managed, epochs: new Map(), tags: [], freshMs: null, keepMs: 60_000, readLagMs: 0, provisionalMs: 1 };
  const deps = new Map([...(await store.inspect(key, managed)).floors].map(({ subject, version }) => [subject, version ?? "0"] as const));
  await store.fill({ ...fill, token: "t1", value: Buffer.from("page"), encoding: "", deps: deps as never, primaryRead: true });
  expect(await store.lease({ ...lease, token: "t2" })).toMatchObject({ outcome: "hit" });
  const move = await begin();
  expect(await store.bust([bust(key, 8)])).toEqual(["removed"]);
  await move.finish();
  const { floors } = await store.inspect(key, managed);
  expect(floors.map(({ subject, version }) => `${subject} ${version}`).sort()).toEqual(["other/1 7", `p/${key} 8`]);
});

test("floors of other subjects are still there after a bust that removed a hash with a gate on its way", async () => {
  const { keys, begin } = await slotOnTheWay(1);
  const [key = ""] = keys;
  const entry: EntrySpec = { ...managed, kind: "hash", versionField: "ver" };
  await store.bust([bust(key, 7, { entry, subject: "other/1" })]);
  await client.hset(key, { ver: "4", name: "Ada" });
  const move = await begin();
  expect(await store.bust([bust(key, 8, { entry })])).toEqual(["removed"]);
  await move.finish();
  const { value, floors } = await store.inspect(key, entry);
  const found = floors.map(({ subject, version }) => `${subject} ${version}`).sort();
  expect({ value, found }).toEqual({ value: null, found: ["other/1 7", `p/${key} 8`] });
});

test("a fill of a key on its way is stored, or leaves the floors that were there", async () => {
  const { keys, begin } = await slotOnTheWay(1);
  const [key = ""] = keys;
  await store.bust([bust(key, 7)]);
  await store.lease({ key, entry: managed, token: "t1", epochs: new Map(), leaseTtlMs: 30_000 });
  const move = await begin();
  const { floors } = await store.inspect(key, managed);
  const deps = new Map(floors.map(({ subject, version }) => [subject, version ?? "0"] as const));
  const reply = await store.fill({
    key,
    entry: managed,
    token: "t1",
    value: Buffer.from("page"),
    encoding: "",
    deps: deps as never,
    tags: [],
    epochs: new Map(),
    primaryRead: true,
    freshMs: null,
    keepMs: 60_000,
    readLagMs: 0,
    provisionalMs: 1,
  });
  await move.finish();
  const after = await store.inspect(key, managed);
  expect({ outcome: reply.outcome, floors: after.floors.length }).toEqual({ outcome: "filled", floors: 1 });
});

test("a migration that stands still: a call that needs both halves waits no longer than its deadline", async () => {
  const { tag, begin } = await slotOnTheWay(1);
  const tagSpec = { floorTtlMs: 60_000, skewMs: 5 };
  const move = await begin();
  const timeouts = { commandMs: 4_000, socketMs: 4_500, connectMs: 4_000, readyMs: 4_000, deadlineMs: 5_000 };
  const patient = storeOver(cluster, { timeouts });
  const watch = startStopwatch();
  const request = { tag, key: "page:1", fillTimeUs: Date.now() * 1000, keepMs: 60_000, ...tagSpec };
  const settled = await Promise.allSettled([patient.indexAdd(request)]);
  expect(watch.ms).toBeLessThan(timeouts.deadlineMs + 1_000);
  watch.stop();
  expect(settled).toMatchObject([{ status: "rejected", reason: { code: "FR2002", disposition: "wait" } }]);
  await patient.close();
  const late = store.indexAdd(request);
  await move.finish();
  expect(await late).toMatchObject({ floors: [] });
});

test("scripts that every server lost are sent again", async () => {
  const keys = elsewhere(300);
  await store.bust(keys.map((key) => bust(key)));
  for (const master of cluster.masters) await cluster.clientOf(master).script("FLUSH");
  expect(await store.bust(keys.map((key) => bust(key, 6)))).toEqual(keys.map(() => "absent"));
});
