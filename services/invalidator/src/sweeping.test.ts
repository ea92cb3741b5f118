import { createMemoryLog, type ProduceRecord } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { createMemoryStore, type StorePort } from "@freshet/store";
import { until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { loadConfig } from "./config.js";
import { type Invalidator, startInvalidator } from "./wiring.js";

const RULES = `freshet: 1
bounds: { lease: 5s, lag: 2s, skew: 250ms, fill: 2s }
sources: [{ name: products, topic: products, format: cloudevents, space: p }]
families:
  listing: { key: "listing:{brand}:{page}", ttl: 1h, bounds: { lease: 30s }, tags: [{ tag: brand, with: { id: brand } }] }
tags: { brand: { key: "brand:{id}", kind: swept }, tenant: { key: "tenant:{id}", kind: epoch } }
rules:
  - { name: brand, source: products, types: [changed], bust: [{ tag: brand, with: { id: "subject" } }] }
  - { name: tenant, source: products, types: [moved], bust: [{ tag: tenant, with: { id: "subject" } }] }
`;
const clock = { nowMs: () => Date.now() };
const running: Invalidator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
});

const event = (type: string, subject: string, version: string): ProduceRecord => {
  const fields = { specversion: "1.0", id: `${subject}-${version}`, source: "/s", type, subject, freshetversion: version };
  return { topic: "products", key: null, headers: [], value: Buffer.from(JSON.stringify({ ...fields, data: {} })) };
};

async function setUp(wish: { env?: Record<string, string>; wrapStore?: (store: StorePort) => StorePort; publishEveryMs?: number } = {}) {
  const log = createMemoryLog({ clock });
  const memory = createMemoryStore({ nowUs: () => Date.now() * 1000 });
  const one = { partitions: 1, replicationFactor: 1 };
  await log.client().createTopics([
    { topic: "products", ...one, config: {} },
    { topic: "freshet.dlq.t", ...one, config: { "max.message.bytes": "2000000" } },
  ]);
  const lines: string[] = [];
  const env = { FRESHET_DEPLOYMENT: "t", FRESHET_RULES: "r.yaml", FRESHET_HTTP_PORT: "0", FRESHET_LOG_LEVEL: "debug", ...wish.env };
  const readText = () => {
    throw Object.assign(new Error("none"), { code: "ENOENT" });
  };
  const start = async (): Promise<Invalidator> => {
    const service = await startInvalidator(loadConfig({ env, flags: {}, readText }), {
      kafka: log.client(),
      store: (wish.wrapStore ?? ((store) => store))(memory),
      logger: pino({ level: "debug" }, { write: (line: string) => void lines.push(line) }),
      clock,
      readText: () => RULES,
      retryFirstMs: 5,
      ...(wish.publishEveryMs === undefined ? {} : { publishEveryMs: wish.publishEveryMs }),
      sweep: { retryFirstMs: 5, retryMaxMs: 20, lookEveryMs: 50 },
    });
    running.push(service);
    return service;
  };
  const put = async (brand: string, page: number): Promise<void> => {
    const key = `listing:${brand}:${page}`;
    await memory.seed.putManaged(key, { value: "v", deps: new Map(), ttlMs: 3_600_000 });
    const times = { fillTimeUs: Date.now() * 1000, keepMs: 3_600_000, floorTtlMs: 60_000, skewMs: 250 };
    await memory.indexAdd({ tag: `brand:${brand}`, key, ...times });
  };
  return { log, memory, lines, start, put };
}

async function get(service: Invalidator, path: string): Promise<string> {
  return await (await fetch(`${service.address}${path}`)).text();
}
const sweepsOf = async (service: Invalidator) => JSON.parse(await get(service, "/readyz")).sweeps;

describe("a rule that busts a tag", () => {
  test("lets every entry of the tag go, counts it, and tells no tag", async () => {
    const { log, memory, lines, start, put } = await setUp();
    for (let page = 0; page < 30; page++) await put("acme", page);
    await put("other", 1);
    const service = await start();
    await log.client().produce([event("changed", "acme", "5"), event("moved", "eu", "6"), event("changed", "acme", "5")]);
    await until(async () => (await memory.inspectTag("brand:acme")).indexSize === 0);
    await until(async () => (await sweepsOf(service)).pending === 0);
    expect(await memory.seed.has("listing:acme:7")).toBe(false);
    expect(await memory.seed.has("listing:other:1")).toBe(true);
    await until(() => log.committed("freshet-t", { topic: "products", partition: 0 }) === 3);
    const text = await get(service, "/metrics");
    expect(text).toContain('freshet_tag_busts_total{outcome="pending"} 1\n');
    expect(text).toContain('freshet_tag_busts_total{outcome="bumped"} 1\n');
    expect(text).toContain('freshet_members_swept_total{outcome="removed"} 30\n');
    expect(text).toContain('freshet_sweeps_total{outcome="ended"} 1\n');
    expect(text).toContain("freshet_sweep_pending 0\n");
    expect(text).toContain('freshet_oldest_unapplied_age_seconds{topic="",partition="sweeps"} 0\n');
    expect(lines.join("")).not.toMatch(/brand:acme|tenant:eu|listing:/);
    expect(lines.filter((line) => line.includes('"sweep ended"'))).toHaveLength(1);
  });

  test("is looked at only, where the service observes", async () => {
    const { log, memory, start, put } = await setUp({ env: { FRESHET_MODE: "observe", FRESHET_KAFKA_GROUP: "freshet-t" } });
    await put("acme", 1);
    const service = await start();
    await log.client().produce([event("changed", "acme", "5")]);
    await until(() => log.committed("freshet-t", { topic: "products", partition: 0 }) === 1);
    expect(await memory.seed.has("listing:acme:1")).toBe(true);
    expect(await memory.pendingSweeps()).toEqual([]);
    expect(await sweepsOf(service)).toBeNull();
    expect(await memory.readBounds()).toBeNull();
    expect(await get(service, "/metrics")).toContain('freshet_tag_busts_total{outcome="pending"} 1\n');
  });
});

test("a sweep that another process left behind is ended after the start", async () => {
  const { memory, start, put } = await setUp();
  await put("acme", 1);
  const spec = { floorTtlMs: 60_000, skewMs: 250 };
  const origin = { subject: "p/acme", version: null, spaceKind: "counter", mode: "hard", rule: "brand" } as const;
  await memory.bustTags([{ target: "tag", tag: "brand:acme", spec, ...origin }]);
  await start();
  await until(async () => !(await memory.seed.has("listing:acme:1")));
});

test("a sweep that waits for Redis is visible, counts as staleness, and does not turn the service red", async () => {
  const redis = { isDown: true };
  const gone = new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
  const { log, memory, start, put } = await setUp({
    wrapStore: (store) => ({ ...store, bustMembers: (busts) => (redis.isDown ? Promise.reject(gone) : store.bustMembers(busts)) }),
  });
  await put("acme", 1);
  const service = await start();
  await log.client().produce([event("changed", "acme", "5")]);
  await until(async () => (await sweepsOf(service))?.waiting.length === 1);
  expect(await sweepsOf(service)).toMatchObject({ pending: 1, waiting: [{ code: "FR2001", problem: "Redis is gone" }] });
  await until(async () =>
    /freshet_oldest_unapplied_age_seconds\{topic="",partition="sweeps"\} 0\.\d*[1-9]/.test(await get(service, "/metrics")),
  );
  expect((await fetch(`${service.address}/readyz`)).status).toBe(200);
  redis.isDown = false;
  await until(async () => !(await memory.seed.has("listing:acme:1")));
  await until(async () => (await sweepsOf(service)).waiting.length === 0);
});

test("the bounds are published before anything is consumed, with those of families that have their own", async () => {
  const { memory, start } = await setUp();
  const service = await start();
  await until(async () => (await fetch(`${service.address}/readyz`)).status === 200);
  const bounds = { leaseMs: 5000, lagMs: 2000, skewMs: 250, fillMs: 2000, floorMs: 7250, tagFloorMs: 9250 };
  expect(await memory.readBounds()).toEqual({
    ...bounds,
    families: { listing: { ...bounds, leaseMs: 30_000, floorMs: 32_250, tagFloorMs: 34_250 } },
  });
});

test("the bounds are published again while the service runs, whatever becomes of one turn", async () => {
  const gone = new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
  let turns = 0;
  const { lines, start } = await setUp({
    publishEveryMs: 5,
    wrapStore: (store) => ({
      ...store,
      publishBounds: (bounds) => (++turns === 2 ? Promise.reject(gone) : store.publishBounds(bounds)),
    }),
  });
  await start();
  await until(() => turns >= 4);
  expect(lines.filter((line) => line.includes("the time bounds were not published again"))).toHaveLength(1);
});
