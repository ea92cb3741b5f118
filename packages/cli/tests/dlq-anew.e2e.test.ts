import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafkajsPort, type ProduceRecord } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import { encodeCloudEvent, type KafkaRecord } from "@freshet/protocol";
import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import kafkajs from "kafkajs";
import { freshet } from "./process.js";

const name = freshPrefix("cli-anew");
const own = `freshet.dlq.${name}`;
const others = [`${name}.products`, `freshet.jobs.${name}`, `freshet.audit.${name}`];
const redis = new Redis(testRedisUrl());
const kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
const admin = new kafkajs.Kafka({ brokers: [testKafkaBroker()], clientId: "cli-test", logLevel: kafkajs.logLevel.NOTHING }).admin();
let folder = "";
let env: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-anew-"));
  const rules = `freshet: 1
sources: [{ name: products, topic: ${name}.products, format: cloudevents, space: catalog.product }]
families: { page: { key: "${name}:page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, bust: [{ family: page, with: { id: subject } }] }]
`;
  await writeFile(join(folder, "rules.yaml"), rules);
  env = {
    FRESHET_DEPLOYMENT: name,
    FRESHET_RULES: join(folder, "rules.yaml"),
    FRESHET_KAFKA_BROKERS: testKafkaBroker(),
    FRESHET_REDIS_URL: testRedisUrl(),
    FRESHET_REDIS_PREFIX: `${name}:fr:`,
  };
  await admin.connect();
  await make([own, ...others]);
}, 60_000);

afterAll(async () => {
  await redis.unlink([0, 1, 2, 3].map((id) => `${name}:page:${id}`));
  redis.disconnect();
  await admin.disconnect();
  await kafka.close();
  await rm(folder, { recursive: true, force: true });
});

async function make(topics: readonly string[]): Promise<void> {
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: -1, config: {} })));
  await until(async () => (await kafka.describeTopics(topics)).length === topics.length, { timeoutMs: 20_000 });
}

function letter(at: number): ProduceRecord {
  const event = { id: "1", source: "s", type: "t", subject: String(at), version: "7", time: "2026-01-01T00:00:00Z", data: "{}" };
  const { headers, value } = encodeCloudEvent(event);
  const record: KafkaRecord = { topic: `${name}.products`, partition: 0, offset: at, timestampMs: 0, key: null, value, headers };
  const rejection = { reason: "rule_error", rule: "changed", message: "there is no field `price`", fix: "Ask with has()" } as const;
  return deadLetter(record, rejection, { topic: own, group: "g", rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" });
}

async function list() {
  const { open, resolved } = JSON.parse((await freshet(["dlq", "list", "--json"], env)).stdout);
  return { open, resolved };
}

async function replayed(): Promise<readonly unknown[]> {
  const { code, stdout } = await freshet(["replay", "dlq", "--apply", "--json"], env);
  const { counts } = JSON.parse(stdout);
  return [code, counts.records.chosen, counts.keys.removed];
}

test("letters in a dead-letter topic that was made anew are open, whatever was resolved at their places before", async () => {
  await kafka.produce([0, 1].map(letter));
  expect([await replayed(), await list()]).toEqual([[0, 2, 0], { open: 0, resolved: 2 }]);

  await admin.deleteTopics({ topics: [own] });
  await until(async () => !(await admin.listTopics()).includes(own), { timeoutMs: 20_000 });
  await make([own]);
  await kafka.produce([0, 1, 2, 3].map(letter));
  for (const id of [0, 1, 2, 3]) await redis.set(`${name}:page:${id}`, '{"version":1}', "PX", 600_000);
  expect(await list()).toEqual({ open: 4, resolved: 0 });
  expect((await freshet(["dlq", "show", "0-0"], env)).stdout).toContain("state         open\n");
  expect([await replayed(), await list()]).toEqual([[0, 4, 4], { open: 0, resolved: 4 }]);
  expect((await freshet(["dlq", "show", "0-0"], env)).stdout).toMatch(/^state {9}resolved applied by job /m);
}, 90_000);
