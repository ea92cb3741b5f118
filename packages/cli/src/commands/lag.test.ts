import { createMemoryLog, type KafkaPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { createMemoryStore } from "@freshet/store";
import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { lag as contract } from "../../../../scripts/schemas/lag.ts";
import { NOW_MS, transcript } from "../../tests/transcript.js";

const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
families:
  page: { key: "page:{id}", ttl: 1h, tags: [{ tag: brand, with: { id: brand } }] }
tags:
  brand: { key: "brand:{id}", kind: swept }
rules:
  - { name: product-changed, source: products, bust: [{ family: page, with: { id: subject } }] }
`;
const files = { "rules.yaml": RULES };
const env = { FRESHET_REDIS_URL: "redis://127.0.0.1:6379" };

async function setUp() {
  const clock = { ms: NOW_MS - 10_000, nowMs: () => clock.ms };
  const log = createMemoryLog({ clock });
  const kafka = log.client();
  const redis = { ms: NOW_MS };
  const store = createMemoryStore({ nowUs: () => redis.ms * 1000 });
  await kafka.createTopics([{ topic: "shop.products", partitions: 2, replicationFactor: 1, config: {} }]);
  const produce = (key: string, count: number) =>
    kafka.produce(Array.from({ length: count }, () => ({ topic: "shop.products", key: Buffer.from(key), value: null, headers: [] })));
  const world = { files, env, kafka, store };
  return { clock, redis, log, kafka, store, produce, world };
}

/** A consumer that ends all there is, then leaves. */
async function consumeAll(kafka: KafkaPort, log: ReturnType<typeof createMemoryLog>): Promise<void> {
  const consumption = await kafka.consume({
    group: "freshet-default",
    topics: ["shop.products"],
    onBatch: async (batch, control) => {
      control.ended(batch.records.at(-1)?.offset ?? -1);
      return { kind: "done" };
    },
  });
  const total = log.records("shop.products").length;
  const done = () =>
    [0, 1].reduce((sum, partition) => sum + (log.committed("freshet-default", { topic: "shop.products", partition }) ?? 0), 0);
  await until(() => done() === total);
  await consumption.stop();
}

describe("freshet lag", () => {
  test("with the service gone: records and seconds of what is left, and exit code 3", async () => {
    const { clock, log, kafka, produce, world } = await setUp();
    await produce("a", 4);
    await produce("b", 4);
    await consumeAll(kafka, log);
    clock.ms = NOW_MS - 2500;
    await produce("b", 3);
    const { code, out, talk } = await transcript(["lag"], world);
    expect(talk).toEqual([]);
    expect(out[0]).toBe("group freshet-default: empty, 0 members");
    expect(out[1]).toBe("PARTITION        RECORDS  SECONDS  STATE");
    expect(out).toContain("shop.products/1        3      2.5  dead");
    expect(out).toContain("shop.products/0        0      0.0  caught_up");
    expect(out).toContain("  the group freshet-default has no member: no service runs");
    expect(out.at(-1)).toBe("no busted tag waits for its walk");
    expect(code).toBe(3);
  });

  test("with everything applied: exit code 0, and JSON as its schema says", async () => {
    const { log, kafka, produce, world } = await setUp();
    await produce("a", 4);
    await consumeAll(kafka, log);
    expect((await transcript(["lag"], world)).code).toBe(0);
    const { code, out } = await transcript(["lag", "--json"], world);
    const report = contract.schema.parse(JSON.parse(out.join("")));
    expect(report).toMatchObject({ attention: false, oldestSeconds: 0, sweeps: { pending: 0, oldestSeconds: 0 }, missingTopics: [] });
    expect(code).toBe(0);
  });

  test("counts a busted tag that nobody has walked, from when it was busted", async () => {
    const { redis, store, world } = await setUp();
    redis.ms = NOW_MS - 90_000;
    const spec = { floorTtlMs: 3_600_000, skewMs: 0 };
    await store.bustTags([
      { target: "tag", tag: "brand:1", spec, subject: "s/1", version: null, spaceKind: "counter", mode: "hard", rule: "cli" },
    ]);
    redis.ms = NOW_MS;
    const { code, out } = await transcript(["lag"], world);
    expect(out.at(-1)).toBe("1 busted tag to walk, the oldest for 90.0 s");
    expect(code).toBe(3);
  });

  test("names topics that are missing", async () => {
    const { world } = await setUp();
    const kafka = createMemoryLog({ clock: { nowMs: () => NOW_MS } }).client();
    const { code, out } = await transcript(["lag"], { ...world, kafka });
    expect(out).toContain("shop.products: the rules name this topic, and it does not exist");
    expect(code).toBe(3);
  });

  test("tells partitions though Redis is away, and ends with 5", async () => {
    const { world } = await setUp();
    const { store: _, ...without } = world;
    const away = () => Promise.reject(new FreshetError("FR2001", "wait", "Redis is away", "Start it."));
    const store = Object.assign(createMemoryStore({ nowUs: () => NOW_MS * 1000 }), { pendingSweeps: away });
    const { code, out, talk } = await transcript(["lag"], { ...without, store });
    expect(out[0]).toBe("group freshet-default: missing, 0 members");
    expect(talk[0]).toContain("FR2001 Redis is away");
    expect(code).toBe(5);
  });

  test("ends with 5 when Kafka is away", async () => {
    const { world } = await setUp();
    const away = () => Promise.reject(new FreshetError("FR3001", "wait", "Kafka is away", "Start it."));
    const { code, talk } = await transcript(["lag"], { ...world, kafka: { ...world.kafka, committed: away } });
    expect(talk).toEqual(["FR3001 Kafka is away", "  fix: Start it."]);
    expect(code).toBe(5);
  });

  test("refuses a time that is none", async () => {
    expect((await transcript(["lag", "--stale-after", "soon"], (await setUp()).world)).code).toBe(2);
  });
});
