import { createKafkajsPort, type ProduceRecord } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import type { KafkaRecord } from "@freshet/protocol";
import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import kafkajs from "kafkajs";
import { makeTopics, type PageDeployment, pageDeployment, pageEvent } from "./page-deployment.js";
import { freshet } from "./process.js";

const name = freshPrefix("cli-anew");
const own = `freshet.dlq.${name}`;
const others = [`${name}.products`, `freshet.jobs.${name}`, `freshet.audit.${name}`];
const redis = new Redis(testRedisUrl());
const kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
const admin = new kafkajs.Kafka({ brokers: [testKafkaBroker()], clientId: "cli-test", logLevel: kafkajs.logLevel.NOTHING }).admin();
let pages: PageDeployment;

beforeAll(async () => {
  pages = await pageDeployment(name);
  await admin.connect();
  await makeTopics(kafka, [own, ...others], 1);
}, 180_000);

afterAll(async () => {
  await redis.unlink([0, 1, 2, 3].map((id) => `${name}:page:${id}`));
  redis.disconnect();
  await admin.disconnect();
  await kafka.close();
  await pages.close();
});

function letter(at: number): ProduceRecord {
  const record: KafkaRecord = { topic: `${name}.products`, partition: 0, offset: at, timestampMs: 0, key: null, ...pageEvent(String(at)) };
  const rejection = { reason: "rule_error", rule: "changed", message: "there is no field `price`", fix: "Ask with has()" } as const;
  return deadLetter(record, rejection, { topic: own, group: "g", rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" });
}

async function list() {
  const { open, resolved } = JSON.parse((await freshet(["dlq", "list", "--json"], pages.env)).stdout);
  return { open, resolved };
}

async function replayed(): Promise<readonly unknown[]> {
  const { code, stdout } = await freshet(["replay", "dlq", "--apply", "--json"], pages.env);
  const { counts } = JSON.parse(stdout);
  return [code, counts.records.chosen, counts.keys.removed];
}

test("letters in a dead-letter topic that was made anew are open, whatever was resolved at their places before", async () => {
  await kafka.produce([0, 1].map(letter));
  expect([await replayed(), await list()]).toEqual([[0, 2, 0], { open: 0, resolved: 2 }]);

  await admin.deleteTopics({ topics: [own] });
  await until(async () => !(await admin.listTopics()).includes(own), { timeoutMs: 60_000 });
  await makeTopics(kafka, [own], 1);
  await kafka.produce([0, 1, 2, 3].map(letter));
  for (const id of [0, 1, 2, 3]) await redis.set(`${name}:page:${id}`, '{"version":1}', "PX", 600_000);
  expect(await list()).toEqual({ open: 4, resolved: 0 });
  expect((await freshet(["dlq", "show", "0-0"], pages.env)).stdout).toContain("state         open\n");
  expect([await replayed(), await list()]).toEqual([[0, 4, 4], { open: 0, resolved: 4 }]);
  expect((await freshet(["dlq", "show", "0-0"], pages.env)).stdout).toMatch(/^state {9}resolved applied by job /m);
}, 270_000);
