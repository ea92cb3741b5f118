import { createServer } from "node:net";
import { createKafkajsPort, type ProduceRecord } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import type { KafkaRecord } from "@freshet/protocol";
import { deadLetterListSchema, deadLetterStatsSchema } from "@freshet/replay";
import { freshPrefix, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { freshet, startFreshet } from "./process.js";

const ESCAPE = String.fromCharCode(27);
const deployment = freshPrefix("cli-dlq");
const own = `freshet.dlq.${deployment}`;
const jobs = `freshet.jobs.${deployment}`;
const foreign = `${deployment}.DLT`;
/** No rules and no Redis: what somebody has at hand when both are what is broken. */
const env = { FRESHET_DEPLOYMENT: deployment, FRESHET_KAFKA_BROKERS: testKafkaBroker() };

const kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
const client = new kafkajs.Kafka({ brokers: [testKafkaBroker()], clientId: "cli-test", logLevel: kafkajs.logLevel.NOTHING });
const bytes = (text: string) => new TextEncoder().encode(text);

function letter(offset: number): ProduceRecord {
  const place = { topic: "shop.products", partition: 0, offset, timestampMs: 0 };
  const record: KafkaRecord = { ...place, key: bytes("42"), value: bytes('{"secret":"geheim"}'), headers: [{ name: "x", value: null }] };
  const rejection = { reason: "rule_error", rule: "price", message: "there is no field `price`", fix: "Ask with has()" } as const;
  return deadLetter(record, rejection, { topic: own, group: "g", rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" });
}

beforeAll(async () => {
  const topics = [own, jobs, foreign];
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: -1, config: {} })));
  await until(async () => (await kafka.describeTopics(topics)).length === topics.length, { timeoutMs: 60_000 });
  await kafka.produce([letter(0), letter(1), letter(2)]);
  await kafka.produce([{ topic: jobs, key: bytes("resolved/0-1"), value: bytes('{"jobId":"j"}'), headers: [] }]);
  const spring = { "kafka_dlt-original-partition": Buffer.from([0, 0, 0, 3]), "kafka_dlt-exception-fqcn": "java.lang.Boom" };
  const connect = { "__connect.errors.exception.class.name": "org.example.DataException", "__connect.errors.topic": "rows" };
  const producer = client.producer({ transactionalId: freshPrefix("tx"), maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  const aborted = await producer.transaction();
  await aborted.send({ topic: foreign, messages: [{ value: "gone", headers: { "kafka_dlt-exception-fqcn": "never.Seen" } }] });
  await aborted.abort();
  const committed = await producer.transaction();
  await committed.send({ topic: foreign, messages: [spring, connect].map((headers) => ({ value: "x", headers })) });
  await committed.commit();
  await producer.disconnect();
}, 180_000);
afterAll(() => kafka.close());

describe("dlq, on the real Kafka, without rules and without Redis", () => {
  test("list: window, causes, what is resolved; plain text, and no group is left behind", async () => {
    const { code, stdout, stderr } = await freshet(["dlq", "list"], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "one of them in full: freshet dlq show 0-2\n" });
    expect(stdout).toMatch(
      /^scanned \S+ from its beginning to its end:\n {2}3 letters in 1 partition, written \S+.*\nwanted 3: 2 open, 1 resolved\n/,
    );
    expect(stdout).toContain("  rule price; from shop.products; newest 0-2\n");
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout.split("\n").filter((line) => line.length > 80 && !line.includes(deployment))).toEqual([]);
    const admin = client.admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    expect(groups.filter(({ groupId }) => groupId.includes(deployment))).toEqual([]);
  }, 180_000);

  test("stats of a topic that transactions wrote, of two writers: what was aborted is not there", async () => {
    const { code, stdout } = await freshet(["dlq", "stats", "--topic", foreign, "--json"], env);
    expect(code).toBe(0);
    const stats = deadLetterStatsSchema.parse(JSON.parse(stdout));
    expect(stats).toMatchObject({ wanted: 2, open: null, window: { letters: 2, complete: true } });
    expect(stats.reasons.map(({ reason }) => reason)).toEqual(["java.lang.Boom", "org.example.DataException"]);
    expect(stats.dialects.map(({ dialect }) => dialect)).toEqual(["kafka-connect", "spring"]);
  }, 180_000);

  test("show: no payload unless asked for", async () => {
    const shown = await freshet(["dlq", "show", "0-1"], env);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toContain("state         resolved by job j\n");
    expect(shown.stdout).not.toContain("geheim");
    expect((await freshet(["dlq", "show", "0-1", "--payload"], env)).stdout).toContain('value         {"secret":"geheim"}\n');
  }, 180_000);

  test("a reader that is gone before the first line: no stack, and its own exit code", async () => {
    const running = startFreshet(["dlq", "list", "--json"], env);
    running.child.stdout?.destroy();
    const { code, stderr } = await running.ended;
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/\n\s+at /);
  }, 180_000);
});

describe("dlq, on a Kafka that is not there", () => {
  test("unreachable: 5, within seconds", async () => {
    const { code, stdout, stderr } = await freshet(["dlq", "stats"], { ...env, FRESHET_KAFKA_BROKERS: "127.0.0.1:1" });
    expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
    expect(stderr).toMatch(/^FR3001 .+\n {2}fix: .+\n$/);
  }, 180_000);

  test("one that accepts and never answers: 5, in time; Ctrl-C before that: 130", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const away = { ...env, FRESHET_KAFKA_BROKERS: `127.0.0.1:${port}` };
    const connected = new Promise<void>((resolve) => void silent.once("connection", () => resolve()));
    const interrupted = startFreshet(["dlq", "list"], away);
    await connected;
    interrupted.child.kill("SIGINT");
    expect((await interrupted.ended).code).toBe(130);
    const { code, stderr, ms } = await freshet(["dlq", "show", "0-0"], away);
    expect(code).toBe(5);
    expect(stderr).toMatch(/^FR3001 /);
    expect(ms).toBeLessThan(40_000);
    silent.close();
  }, 270_000);
});

test("an empty scan is no failure", async () => {
  const { code, stdout } = await freshet(["dlq", "list", "--until", "1d", "--json"], env);
  expect(code).toBe(0);
  expect(deadLetterListSchema.parse(JSON.parse(stdout))).toMatchObject({ wanted: 0, groups: [], window: { letters: 0 } });
}, 180_000);
