import { type EntrySpec, parseVersion, type Version } from "@freshet/protocol";
import { createRedisStore, type StorePort, seedRedis } from "@freshet/store";
import { freshPrefix, patientTimeouts, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { drained, openScene, type Scene, stopped } from "./scene.js";

const PAGES = 1500;
const rules = (topic: string, keyPrefix: string): string => `freshet: 1
bounds: { lease: 5s, lag: 2s, skew: 250ms, fill: 2s }
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: p }]
families:
  listing: { key: "${keyPrefix}listing:{brand}:{page}", ttl: 1h, stale: 5m, tags: [{ tag: brand, with: { id: brand } }] }
  quote: { key: "${keyPrefix}quote:{tenant}", ttl: 1h, epochs: [{ tag: tenant, with: { id: tenant } }] }
tags:
  brand: { key: "brand:{id}", kind: swept }
  tenant: { key: "tenant:{id}", kind: epoch }
rules:
  - { name: hard, source: products, types: [changed], bust: [{ tag: brand, with: { id: "data.brand" } }] }
  - { name: soft, source: products, types: [touched], bust: [{ tag: brand, with: { id: "data.brand" }, mode: soft }] }
  - { name: tenant, source: products, types: [moved], bust: [{ tag: tenant, with: { id: "data.tenant" } }] }
`;
const entry: EntrySpec = {
  kind: "managed",
  versionField: "",
  onUnversioned: "bust",
  gate: true,
  floorTtlMs: 7250,
  staleTtlMs: 300_000,
};

let scene: Scene;
let store: StorePort;
beforeEach(async () => {
  scene = await openScene({ name: freshPrefix("tags"), broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: 1, rules });
  store = createRedisStore({ url: testRedisUrl(), prefix: `${scene.keyPrefix}fr:`, timeouts: patientTimeouts });
});
afterEach(async () => {
  const all = ["acme", "soft", "other"].flatMap((brand) => Array.from({ length: PAGES }, (_, page) => key(brand, page)));
  await scene.redis.unlink(...all, `${scene.keyPrefix}fr:e:{tenant:eu}`);
  const tags = ["acme", "soft", "other"].flatMap((brand) => ["i", "f"].map((part) => `${scene.keyPrefix}fr:t:{brand:${brand}}:${part}`));
  await scene.redis.unlink(...tags);
  await store.close();
  await scene.close();
});

const key = (brand: string, page: number): string => `${scene.keyPrefix}listing:${brand}:${page}`;

function version(digits: number): Version {
  const read = parseVersion(String(digits));
  if (read === null) throw new Error(`${digits} is no version`);
  return read;
}

async function put(brand: string, page: number, digits: number): Promise<void> {
  await seedRedis(scene.redis).putManaged(key(brand, page), { value: "v", deps: new Map([["p/1", version(digits)]]), ttlMs: 600_000 });
  const times = { fillTimeUs: Date.now() * 1000, keepMs: 600_000, floorTtlMs: 9250, skewMs: 250 };
  await store.indexAdd({ tag: `brand:${brand}`, key: key(brand, page), ...times });
}

const event = (type: string, digits: number, data: object) => {
  const fields = { specversion: "1.0", id: `${type}-${digits}`, source: "/test", type, subject: "1", freshetversion: String(digits) };
  return { partition: 0, key: null, value: Buffer.from(JSON.stringify({ ...fields, data })), headers: [] };
};

const thereOf = async (brand: string): Promise<number> =>
  await scene.redis.exists(...Array.from({ length: PAGES }, (_, page) => key(brand, page)));

test("events on Kafka bust tags in Redis: hard, soft and epochs, and a replay changes nothing more", async () => {
  for (let page = 0; page < PAGES; page++) await Promise.all([put("acme", page, page === 7 ? 9 : 1), put("soft", page, 1)]);
  await put("other", 1, 1);
  const [before] = (await store.epochs([{ tag: "tenant:eu", skewMs: 250 }])).values();
  const service = await scene.start();
  const sent = [
    event("changed", 5, { brand: "acme" }),
    event("touched", 6, { brand: "soft" }),
    event("moved", 7, { tenant: "eu" }),
    event("changed", 5, { brand: "acme" }),
  ];
  await scene.topics.send(scene.topic, sent);
  await drained(scene, service, sent.length);
  await until(async () => (await store.pendingSweeps()).length === 0, { what: "all walks have ended" });

  expect({ acme: await thereOf("acme"), soft: await thereOf("soft"), other: await thereOf("other") }).toEqual({
    acme: 1,
    soft: PAGES,
    other: 1,
  });
  expect((await store.inspectTag("brand:acme")).indexSize).toBe(1);
  expect((await store.inspectTag("brand:soft")).indexSize).toBe(PAGES);
  expect((await store.inspect(key("soft", 3), entry)).softened).not.toBeNull();
  const [after] = (await store.epochs([{ tag: "tenant:eu", skewMs: 250 }])).values();
  expect(after?.hardGeneration).toBeGreaterThan(before?.generation ?? Number.POSITIVE_INFINITY);
  expect(await store.readBounds()).toMatchObject({ leaseMs: 5000, tagFloorMs: 9250 });

  expect(await service.metric("freshet_members_swept_total", { outcome: "removed" })).toBe(PAGES - 1);
  expect(await service.metric("freshet_members_swept_total", { outcome: "softened" })).toBe(PAGES);
  expect(await service.metric("freshet_tag_busts_total", { outcome: "bumped" })).toBe(1);
  expect(await service.metric("freshet_sweep_pending")).toBe(0);
  expect(await service.metric("freshet_events_total", { outcome: "dead" })).toBe(0);
  expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  expect(service.output()).not.toMatch(/brand:acme|tenant:eu|listing:/);
}, 180_000);
