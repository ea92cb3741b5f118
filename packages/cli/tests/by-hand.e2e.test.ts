import { hostname, userInfo } from "node:os";
import { createKafkajsPort } from "@freshet/kafka";
import { headerText, type KafkaRecord } from "@freshet/protocol";
import { seedRedis } from "@freshet/store";
import { freshPrefix, freshTopic, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { freshet } from "./process.js";

const env = {
  FRESHET_KAFKA_BROKERS: testKafkaBroker(),
  FRESHET_REDIS_URL: testRedisUrl(),
  FRESHET_RULES: "services/example-shop/rules.yaml",
};
const audited = { ...env, FRESHET_DEPLOYMENT: freshPrefix("cli-audit") };
const auditTopic = `freshet.audit.${audited.FRESHET_DEPLOYMENT}`;
const NOWHERE = "127.0.0.1:1";

const redis = new Redis(testRedisUrl());
const kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
afterAll(async () => {
  await kafka.close();
  redis.disconnect();
});

describe("publish, on the real Kafka", () => {
  const event = (topic: string) => [
    "publish",
    "--topic",
    topic,
    ...["--space", "catalog.product", "--subject", "42", "--version", "9007199254740993"],
  ];

  test("the record arrives as a CloudEvent in binary mode", async () => {
    const topic = freshTopic("cli-publish");
    await kafka.createTopics([{ topic, partitions: 3, replicationFactor: 1, config: {} }]);
    const argv = [...event(topic), "--type", "product.updated", "--data", '{"price":1800}', "--json"];
    const { code, stdout, stderr } = await freshet(argv, env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const sent = JSON.parse(stdout);
    const [record] = await readAll(topic, 1);
    const header = (name: string) => headerText(record?.headers ?? [], name);
    expect(header("ce_specversion")).toBe("1.0");
    expect(header("ce_freshetversion")).toBe("9007199254740993");
    expect(header("ce_id")).toBe(sent.id);
    expect(header("ce_subject")).toBe("42");
    expect(header("content-type")).toBe("application/json");
    expect(new TextDecoder().decode(record?.value ?? undefined)).toBe('{"price":1800}');
  });

  test("an event that the service would dead-letter is not sent: 2", async () => {
    const argv = [...event("any"), "--type", "product.updated", "--subject", "a\tb"];
    const { code, stderr } = await freshet(argv, env);
    expect(code).toBe(2);
    expect(stderr).toContain("schema_invalid");
  });

  test("a topic that is not there: 2, and it is not made", async () => {
    const topic = freshTopic("cli-missing");
    const { code, stderr } = await freshet([...event(topic), "--type", "product.updated"], env);
    expect({ code, stderr: stderr.split("\n")[0] }).toEqual({ code: 2, stderr: `FR3002 there is no topic ${topic}` });
    expect(await kafka.describeTopics([topic])).toEqual([]);
  });

  test("Kafka unreachable: 5, within seconds", async () => {
    const { code, stderr, ms } = await freshet([...event("any"), "--type", "x"], { ...env, FRESHET_KAFKA_BROKERS: NOWHERE });
    expect(code).toBe(5);
    expect(stderr).toMatch(/^FR3001 .+\n {2}fix: .+\n$/);
    expect(ms).toBeLessThan(20_000);
  });
});

describe("topics create, on the real Kafka", () => {
  test("makes Freshet's topics once, and finds them the second time", async () => {
    const deployment = freshPrefix("cli");
    const topics = ["dlq", "applied", "audit", "jobs", "canary"].map((name) => `freshet.${name}.${deployment}`);
    const first = await freshet(["topics", "create", "--deployment", deployment], env);
    const second = await freshet(["topics", "create", "--deployment", deployment, "--json"], env);
    expect(first).toMatchObject({ code: 0, stdout: topics.map((topic) => `${topic} created\n`).join(""), stderr: "" });
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout)).toEqual({ topics: topics.map((topic) => ({ topic, created: false })), findings: [] });
    expect(await kafka.describeTopics(topics.slice(0, 1))).toEqual([{ topic: topics[0], partitions: 6, maxMessageBytes: 1_114_124 }]);
  });
});

describe("bust and get, on the real Redis", () => {
  beforeAll(async () => {
    await kafka.createTopics([{ topic: auditTopic, partitions: 1, replicationFactor: 1, config: {} }]);
  });

  test("a key that the family cannot make is left alone: 4", async () => {
    const key = `${freshPrefix("cli-foreign")}:page`;
    await redis.set(key, "1", "EX", 60);
    const { code, stderr } = await freshet(["bust", "--key", key, "--family", "product-page", "--yes"], env);
    expect(code).toBe(4);
    expect(stderr).toContain("makes no such key");
    expect(await redis.exists(key)).toBe(1);
  });

  const seed = seedRedis(redis);
  const version = (value: string) => ["--space", "catalog.product", "--subject", "42", "--version", value];

  test("preview, covered, removed: told by exit code and seen in Redis", async () => {
    const key = `page:${freshPrefix("cli")}`;
    await seed.putJson(key, { text: '{"version":"7"}', ttlMs: 60_000 });
    const page = ["bust", "--key", key, "--family", "product-page"];

    const preview = await freshet([...page, ...version("8")], env);
    expect(preview).toMatchObject({ code: 4, stdout: `${key}: would be removed (catalog.product/42 version 8)\n` });
    expect(await seed.has(key)).toBe(true);

    const covered = await freshet([...page, ...version("7"), "--yes", "--json"], audited);
    expect(JSON.parse(covered.stdout)).toMatchObject({ outcome: "covered", applied: true });
    expect(await seed.has(key)).toBe(true);

    const removed = await freshet([...page, ...version("8"), "--yes", "--reason", "INC-7"], audited);
    expect(removed).toMatchObject({ code: 0, stderr: "" });
    expect(await seed.has(key)).toBe(false);

    const entries = (await readAll(auditTopic, 4)).map((record) => JSON.parse(new TextDecoder().decode(record.value ?? undefined)));
    expect(entries.map(({ outcome, counts, reason }) => ({ outcome, counts, reason }))).toEqual([
      { outcome: "started", counts: {}, reason: "" },
      { outcome: "done", counts: { covered: 1 }, reason: "" },
      { outcome: "started", counts: {}, reason: "INC-7" },
      { outcome: "done", counts: { removed: 1 }, reason: "INC-7" },
    ]);
    expect(entries[3]).toMatchObject({
      id: entries[2].id,
      action: "bust",
      target: { key },
      who: { user: userInfo().username, host: hostname() },
    });
  });

  test("get shows size, version and time to live, and never the value", async () => {
    const key = `page:${freshPrefix("cli")}`;
    await seed.putJson(key, { text: '{"version":"7","secret":"geheim"}', ttlMs: 60_000 });
    const { code, stdout } = await freshet(["get", key, "--family", "product-page", "--json"], env);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ key, kind: "json", redisType: "string", valueBytes: 33, value: { version: "7" } });
    expect(stdout).not.toContain("geheim");
    await redis.del(key);
  });

  test("Kafka unreachable: nothing is busted, 5; a preview needs no Kafka: 4", async () => {
    const key = `page:${freshPrefix("cli")}`;
    await seed.putJson(key, { text: '{"version":"7"}', ttlMs: 60_000 });
    const away = { ...env, FRESHET_KAFKA_BROKERS: NOWHERE };
    const page = ["bust", "--key", key, "--family", "product-page"];
    const { code, stderr } = await freshet([...page, "--yes"], away);
    expect(code).toBe(5);
    expect(stderr).toMatch(/^FR3001 nothing was done, as the audit trail cannot be written: .+\n {2}fix: .+\n$/);
    expect(await seed.has(key)).toBe(true);
    expect(await freshet(page, away)).toMatchObject({ code: 4, stdout: `${key}: would be removed (blind)\n` });
    await redis.del(key);
  });

  test("Redis unreachable: 5, within seconds", async () => {
    const away = { ...audited, FRESHET_REDIS_URL: `redis://${NOWHERE}` };
    for (const argv of [
      ["get", "page:1", "--family", "product-page"],
      ["bust", "--key", "page:1", "--family", "product-page", "--yes"],
    ]) {
      const { code, stderr, ms } = await freshet(argv, away);
      expect(code).toBe(5);
      expect(stderr).toMatch(/^FR2001 .+\n {2}fix: .+\n$/);
      expect(ms).toBeLessThan(30_000);
    }
  });
});

async function readAll(topic: string, count: number): Promise<readonly KafkaRecord[]> {
  const records: KafkaRecord[] = [];
  const consumption = await kafka.consume({
    group: freshPrefix("cli-reader"),
    topics: [topic],
    onBatch: async (batch, control) => {
      records.push(...batch.records);
      for (const record of batch.records) control.ended(record.offset);
      return { kind: "done" };
    },
  });
  await until(() => records.length >= count, { timeoutMs: 60_000, what: `${count} records in ${topic}` });
  await consumption.stop();
  return records;
}
