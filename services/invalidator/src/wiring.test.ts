import { createMemoryLog, type KafkaPort, type ProduceRecord } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { createMemoryStore, type StorePort } from "@freshet/store";
import { until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { loadConfig } from "./config.js";
import { type Invalidator, type Overrides, startInvalidator } from "./wiring.js";

const rulesText = `freshet: 1
sources: [{ name: products, topic: products, format: cloudevents, space: p }]
families: { product: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, bust: [{ family: product, with: { id: "subject" } }] }]
`;
const clock = { nowMs: () => Date.now() };
const configOf = (env: Record<string, string> = {}) =>
  loadConfig({
    env: { FRESHET_DEPLOYMENT: "t", FRESHET_RULES: "rules.yaml", FRESHET_HTTP_PORT: "0", FRESHET_LOG_LEVEL: "debug", ...env },
    flags: {},
    readText: () => {
      throw Object.assign(new Error("none"), { code: "ENOENT" });
    },
  });
const event = (subject: string, version: string, value?: string): ProduceRecord => {
  const fields = { specversion: "1.0", id: `${subject}-${version}`, source: "/s", type: "changed", subject, freshetversion: version };
  return {
    topic: "products",
    key: null,
    headers: [],
    value: Buffer.from(value ?? JSON.stringify({ ...fields, data: { name: "private" } })),
  };
};

interface Setting {
  readonly env?: Record<string, string>;
  readonly rules?: string;
  readonly topics?: readonly string[];
  readonly deadLetterBytes?: number;
  readonly wrapStore?: (store: StorePort) => StorePort;
  readonly wrapKafka?: (kafka: KafkaPort) => KafkaPort;
  readonly overrides?: Overrides;
}

const running: Invalidator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
});

async function setUp(setting: Setting = {}) {
  const log = createMemoryLog({ clock });
  const memory = createMemoryStore({ nowUs: () => Date.now() * 1000 });
  const client = log.client();
  const {
    topics = ["products", "freshet.dlq.t"],
    deadLetterBytes = 2_000_000,
    wrapStore = (store) => store,
    wrapKafka = (kafka) => kafka,
  } = setting;
  for (const topic of topics) {
    const config: Record<string, string> = topic.startsWith("freshet.dlq.") ? { "max.message.bytes": String(deadLetterBytes) } : {};
    await client.createTopics([{ topic, partitions: 1, replicationFactor: 1, config }]);
  }
  const lines: string[] = [];
  const logger = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const start = async (): Promise<Invalidator> => {
    const service = await startInvalidator(configOf(setting.env), {
      kafka: wrapKafka(log.client()),
      store: wrapStore(memory),
      logger,
      clock,
      readText: () => setting.rules ?? rulesText,
      loop: { retryFirstMs: 5, retryMaxMs: 20 },
      retryFirstMs: 5,
      ...setting.overrides,
    });
    running.push(service);
    return service;
  };
  const put = (id: string, version: string) => memory.seed.putJson(`page:${id}`, { text: `{"version":${version}}` });
  const has = (id: string) => memory.seed.has(`page:${id}`);
  return { log, client, memory, lines, start, put, has };
}

async function get(service: Invalidator, path: string) {
  const response = await fetch(`${service.address}${path}`);
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
}
const ready = (service: Invalidator) => until(async () => (await get(service, "/readyz")).status === 200);
const committed = (setting: Awaited<ReturnType<typeof setUp>>, offset: number) =>
  until(() => setting.log.committed("freshet-t", { topic: "products", partition: 0 }) === offset);

describe("a running service", () => {
  test("busts what is older than an event, keeps what is newer, dead-letters what it cannot read", async () => {
    const setting = await setUp();
    await setting.put("1", "4");
    await setting.put("2", "9");
    const service = await setting.start();
    await setting.client.produce([event("1", "5"), event("2", "5"), event("3", "1", "{")]);
    await committed(setting, 3);
    expect([await setting.has("1"), await setting.has("2")]).toEqual([false, true]);
    expect(setting.log.records("freshet.dlq.t")).toHaveLength(1);
    const { text } = await get(service, "/metrics");
    for (const outcome of ["applied", "covered", "dead"])
      expect(text).toContain(`freshet_events_total{topic="products",outcome="${outcome}"} 1\n`);
    expect(text).toContain('freshet_keys_unlinked_total{family="product",mode="hard"} 1\n');
    expect(text).toContain('freshet_dlq_records_total{reason="undecodable"} 1\n');
    expect(text).toContain('freshet_rule_matches_total{rule="changed"} 2\n');
    expect(text).toContain('freshet_event_age_seconds_count{topic="products"} 2\n');
    expect(text).toContain('freshet_consumer_lag_records{topic="products",partition="0"} 0\n');
    expect(setting.lines.filter((line) => line.includes('"decision"'))).toHaveLength(3);
    expect(setting.lines.join("")).not.toMatch(/private|page:/);
  });

  test("dead-letters what would bust one of Freshet's own keys, by the prefix of the deployment", async () => {
    const rules = rulesText.replace('"page:{id}"', '"{id}", escape: none').replace("{ kind: json, version: version }", "{ kind: opaque }");
    const setting = await setUp({ rules, env: { FRESHET_REDIS_PREFIX: "q:" } });
    for (const key of ["q:sweeps", "page:1"]) await setting.memory.seed.putOpaque(key, { value: "x" });
    const service = await setting.start();
    await setting.client.produce([event("q:sweeps", "5"), event("page:1", "5")]);
    await committed(setting, 2);
    expect([await setting.memory.seed.has("q:sweeps"), await setting.has("1")]).toEqual([true, false]);
    expect((await get(service, "/metrics")).text).toContain('freshet_dlq_records_total{reason="key_unresolved"} 1\n');
  });

  test("is not ready before it has joined, and not while it stops", async () => {
    const setting = await setUp();
    const service = await setting.start();
    await ready(service);
    expect((await get(service, "/startupz")).status).toBe(200);
    expect((await get(service, "/livez")).status).toBe(200);
    await service.stop();
    await service.stop();
    await expect(fetch(`${service.address}/livez`)).rejects.toThrow();
  });

  test("goes on where it stopped", async () => {
    const setting = await setUp();
    await setting.put("1", "1");
    const first = await setting.start();
    await setting.client.produce([event("1", "2")]);
    await committed(setting, 1);
    await first.stop();
    await setting.put("1", "1");
    await setting.put("2", "1");
    await setting.start();
    await setting.client.produce([event("2", "2")]);
    await committed(setting, 2);
    expect([await setting.has("1"), await setting.has("2")]).toEqual([true, false]);
  });

  test("observes without a write: entries stay, dead letters are written, and it counts what it would have done", async () => {
    const setting = await setUp({ env: { FRESHET_MODE: "observe", FRESHET_KAFKA_GROUP: "freshet-t" } });
    await setting.put("1", "1");
    const service = await setting.start();
    await setting.client.produce([event("1", "2"), event("1", "3", "{")]);
    await committed(setting, 2);
    expect(await setting.has("1")).toBe(true);
    expect(setting.log.records("freshet.dlq.t")).toHaveLength(1);
    const { text } = await get(service, "/metrics");
    expect(text).toContain('freshet_busts_total{family="product",outcome="removed"} 1\n');
    expect(text).not.toContain("freshet_keys_unlinked_total{");
    expect(text).toContain('mode="observe"');
  });
});

describe("trouble", () => {
  test("with Redis waits visibly, stays ready, dead-letters nothing and drains afterwards", async () => {
    const redis = { isDown: false };
    const gone = new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
    const setting = await setUp({
      wrapStore: (store) => ({ ...store, bust: (busts) => (redis.isDown ? Promise.reject(gone) : store.bust(busts)) }),
    });
    await setting.put("1", "1");
    const service = await setting.start();
    await ready(service);
    redis.isDown = true;
    await setting.client.produce([event("1", "2")]);
    await until(async () => (await get(service, "/readyz")).json().waiting.length === 1);
    const { status, json } = await get(service, "/readyz");
    expect(status).toBe(200);
    expect(json().waiting).toMatchObject([{ topic: "products", partition: 0, code: "FR2001", problem: "Redis is gone", offset: 0 }]);
    const { text } = await get(service, "/metrics");
    expect(text).toContain("freshet_waiting_partitions 1\n");
    expect(text).toContain('freshet_partition_waiting{topic="products",partition="0",code="FR2001"} 1\n');
    expect(text).not.toContain('freshet_oldest_unapplied_age_seconds{topic="products",partition="0"} 0\n');
    redis.isDown = false;
    await committed(setting, 1);
    expect(await setting.has("1")).toBe(false);
    expect(setting.log.records("freshet.dlq.t")).toEqual([]);
    expect((await get(service, "/readyz")).json().waiting).toEqual([]);
  });

  test("at the start is waited for: alive and not ready, and it begins once both are there", async () => {
    const down = { redis: true, kafka: true };
    const gone = (code: "FR2001" | "FR3001") => new FreshetError(code, "wait", "gone", "Bring it back");
    const setting = await setUp({
      wrapStore: (store) => ({ ...store, probe: () => (down.redis ? Promise.reject(gone("FR2001")) : store.probe()) }),
      wrapKafka: (kafka) => ({
        ...kafka,
        describeTopics: (topics) => (down.kafka ? Promise.reject(gone("FR3001")) : kafka.describeTopics(topics)),
      }),
    });
    const service = await setting.start();
    await until(async () => (await get(service, "/readyz")).json().startWaiting.length === 2);
    const answer = await get(service, "/readyz");
    expect(answer.status).toBe(503);
    expect(answer.json().startWaiting).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ name: "redis", code: "FR2001" }),
        expect.objectContaining({ name: "kafka", code: "FR3001" }),
      ]),
    );
    expect((await get(service, "/livez")).status).toBe(200);
    expect((await get(service, "/metrics")).text).toContain('freshet_start_waiting{on="redis",code="FR2001"} 1\n');
    Object.assign(down, { redis: false, kafka: false });
    await ready(service);
    expect((await get(service, "/readyz")).json().startWaiting).toEqual([]);
  });

  test("at the start does not keep it from stopping", async () => {
    const gone = new FreshetError("FR2001", "wait", "gone", "Bring it back");
    const setting = await setUp({
      wrapStore: (store) => ({ ...store, probe: () => Promise.reject(gone) }),
      overrides: { retryFirstMs: 60_000 },
    });
    const service = await setting.start();
    await until(async () => (await get(service, "/readyz")).json().startWaiting.length === 1);
    await service.stop();
    expect(setting.lines.join("")).toContain("the start waits");
  });

  test("of the consumer that cannot be mended ends the service", async () => {
    const fatal = new FreshetError("FR3005", "halt", "it is over", "Start again");
    const setting = await setUp({
      wrapKafka: (kafka) => ({
        ...kafka,
        consume: async (options) => {
          options.onTrouble?.(new FreshetError("FR3001", "wait", "a broker is gone", "Bring it back"));
          options.onHole?.({ topic: "products", partition: 0, askedOffset: 3, resumedAt: 9, cause: "expired" });
          options.onFatal?.(fatal);
          return await kafka.consume(options);
        },
      }),
    });
    const service = await setting.start();
    await expect(service.failed).resolves.toBe(fatal);
    const { text } = await get(service, "/metrics");
    expect(text).toContain('freshet_kafka_errors_total{code="FR3001"} 1\n');
    expect(text).toContain('freshet_kafka_holes_total{topic="products",cause="expired"} 1\n');
  });
});

describe("the start is refused", () => {
  const refusal = async (setting: Setting) => {
    const { start } = await setUp(setting);
    return await start().then(
      (service) => service.failed,
      (error: unknown) => error,
    );
  };

  test("for what the configuration lacks, all at once", async () => {
    await expect(startInvalidator(loadConfig({ env: {}, flags: {}, readText: () => "" }))).rejects.toMatchObject({
      code: "FR1002",
      disposition: "usage",
      message: expect.stringMatching(/3 problems.*FRESHET_RULES.*FRESHET_KAFKA_BROKERS.*FRESHET_REDIS_URL/s),
    });
  });

  test("for a rules file with findings, every one of them with its place", async () => {
    const rules = rulesText.replace("ttl: 1h", "tll: 1h").replace("source: products, bust", "source: nope, bust");
    await expect(refusal({ rules })).resolves.toMatchObject({
      code: "FR1003",
      disposition: "usage",
      message: expect.stringMatching(/rules\.yaml:3:\d+ .*tll.*rules\.yaml:4:\d+ .*nope/s),
    });
  });

  test("when a topic is missing, and it is told whose it is", async () => {
    await expect(refusal({ topics: ["products"] })).resolves.toMatchObject({
      code: "FR3002",
      disposition: "halt",
      message: expect.stringContaining("freshet.dlq.t"),
      fix: expect.stringContaining("freshet topics create"),
    });
    await expect(refusal({ topics: ["freshet.dlq.t"] })).resolves.toMatchObject({
      code: "FR3002",
      message: expect.stringContaining("products"),
    });
  });

  test("when dead letters would not fit", async () => {
    await expect(refusal({ deadLetterBytes: 1_048_588 })).resolves.toMatchObject({
      code: "FR1002",
      message: expect.stringContaining("1114124"),
    });
  });

  test("by a Redis it cannot work with", async () => {
    const probe = async () => [
      { fatal: true, about: "version" as const, code: "FR2004" as const, problem: "Redis is 6.2.", fix: "Use 7.0." },
      { fatal: false, about: "eviction" as const, code: "FR2004" as const, problem: "It evicts.", fix: "Do not." },
    ];
    await expect(refusal({ wrapStore: (store) => ({ ...store, probe }) })).resolves.toMatchObject({
      code: "FR2004",
      message: "Redis is 6.2.",
    });
  });
});
