import { createKafkajsPort } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import { freshPrefix, type RegistryStub, startRegistryStub, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type OwnDeployment, openDeployment } from "./own-deployment.js";
import { freshet } from "./process.js";

const SCHEMA_ID = 2;
const name = freshPrefix("cli-registry");
const topic = `${name}.orders`;
const dlq = `freshet.dlq.${name}`;
const rules = `freshet: 1
sources: [{ name: orders, topic: ${topic}, format: json, encoding: registry, space: orders, id: [/id], version: /rev }]
families: { order: { key: "${name}:order:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: orders, bust: [{ family: order, with: { id: subject } }] }]
`;
/** Of each order, the one with this id. */
const keyOf = (id: number): string => `${name}:order:${id}`;
/** As producers with a registry write it: the id of its schema before the document. */
const framed = (document: object): Buffer => Buffer.concat([Buffer.of(0, 0, 0, 0, SCHEMA_ID), Buffer.from(JSON.stringify(document))]);
const orders = [1, 2, 3, 4].map((id) => framed({ id, rev: 7, price: id * 10 }));
const where = ["--where", "data.price > 20"];
const history = ["replay", "history", "--topic", topic, "--from", "1h", "--to", "0s", ...where];

const kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
const redis = new Redis(testRedisUrl());
let own: OwnDeployment;
let stub: RegistryStub;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  [own, stub] = await Promise.all([openDeployment(name, rules), startRegistryStub()]);
  stub.put(SCHEMA_ID, { schemaType: "JSON", schema: { type: "object" } });
  env = { ...own.env, FRESHET_REDIS_PREFIX: `${name}:fr:`, FRESHET_SCHEMA_REGISTRY_URL: stub.url };
  const topics = [topic, dlq, `freshet.jobs.${name}`, `freshet.audit.${name}`];
  await kafka.createTopics(topics.map((one) => ({ topic: one, partitions: 1, replicationFactor: 1, config: {} })));
  await until(async () => (await kafka.describeTopics(topics)).length === topics.length, { timeoutMs: 60_000 });
  await kafka.produce(orders.map((value) => ({ topic, key: null, value, headers: [] })));
  const context = { topic: dlq, group: "g", rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" };
  const rejection = { reason: "rule_error", message: "m", fix: "f", rule: "changed" } as const;
  await kafka.produce(
    orders.map((value, offset) => {
      return deadLetter({ topic, partition: 0, offset, timestampMs: Date.now(), key: null, value, headers: [] }, rejection, context);
    }),
  );
}, 180_000);

afterAll(async () => {
  await redis.unlink(...[1, 2, 3, 4].map(keyOf));
  redis.disconnect();
  await Promise.all([kafka.close(), stub.close(), own.close()]);
});

test("--where sees values that name their schema: plans, runs and lists alike", async () => {
  for (const id of [1, 2, 3, 4]) await redis.set(keyOf(id), '{"version":1}', "EX", 300);
  const plan = await freshet([...history, "--json"], env);
  expect([plan.code, JSON.parse(plan.stdout)]).toMatchObject([0, { counts: { records: { chosen: 2 }, passed: 2, keys: { removed: 2 } } }]);
  const run = await freshet(["replay", "dlq", ...where, "--apply", "--json"], env);
  expect([run.code, JSON.parse(run.stdout)]).toMatchObject([
    0,
    { status: "done", counts: { records: { chosen: 2 }, keys: { removed: 2 } } },
  ]);
  expect(await redis.exists(keyOf(1), keyOf(2))).toBe(2);
  expect(await redis.exists(keyOf(3), keyOf(4))).toBe(0);
  const list = await freshet(["dlq", "list", ...where, "--json"], env);
  expect([list.code, JSON.parse(list.stdout)]).toMatchObject([0, { wanted: 2, resolved: 2, unanswered: { noEvent: 0, failed: 0 } }]);
}, 270_000);

test("a registry that is away is waited for, and then named: 5", async () => {
  await stub.goDown();
  const { code, stderr, ms } = await freshet(history, env);
  expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringMatching(/^FR4001 .+\n {2}fix: .+\n$/) });
  expect(ms).toBeLessThan(30_000);
  await stub.comeBack();
  stub.answerWith((_request, response) => response.writeHead(503).end());
  const asked = stub.requests.length;
  const waiting = freshet([...history, "--json"], env);
  await until(() => stub.requests.length > asked, { timeoutMs: 60_000, what: "the registry is asked" });
  stub.answerWith(null);
  expect((await waiting).code).toBe(0);
}, 270_000);
