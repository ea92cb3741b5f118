import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import { freshPrefix, type OwnRedis, startRedis, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { type PartitionReport, readLag } from "../src/lag-report.js";
import { testSeed } from "./config.js";
import { type Act, drained, openScene, prepare, type Scene } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";

const AGE = "freshet_oldest_unapplied_age_seconds";
const clock = { nowMs: () => Date.now() };

/** Truth is the time that has passed since the oldest record that is not applied was written. */
describe("lag in seconds is true within a second", () => {
  let redis: OwnRedis;
  let scene: Scene;
  let act: Act;
  let service: ServiceProcess;
  let kafka: KafkaPort;
  let sent = 0;

  beforeAll(async () => {
    redis = await startRedis({ args: ["--appendonly", "yes"] });
    const name = freshPrefix("lag");
    scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: redis.url, partitions: 1 });
    act = await prepare(scene, { seed: testSeed(), size: { events: 2000, products: 200, partitions: 1 }, entriesPerKind: 50 });
    kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "freshet-lag-test", clock });
    service = await scene.start();
  }, 180_000);

  afterAll(async () => {
    await kafka?.close();
    await scene?.close();
    await redis?.close();
  });

  async function send(records: number, perSecond?: number): Promise<void> {
    const next = act.workload.sent.slice(sent, sent + records);
    sent += next.length;
    await scene.topics.send(scene.topic, next, perSecond);
  }

  /** What `freshet lag` tells. */
  async function asked(): Promise<PartitionReport> {
    const options = { kafka, group: scene.group, topics: [scene.topic], staleAfterMs: 60_000, sweeps: null, clock };
    const report = await readLag({ ...options, pause: async () => undefined });
    const [partition] = report.partitions;
    if (partition === undefined) throw new Error("no partition");
    return partition;
  }

  /** Looks several times, some seconds apart, at an age that should grow with the clock. */
  async function expectTrue(sinceMs: number, age: () => Promise<number | null>): Promise<void> {
    for (const afterMs of [600, 2000, 4500]) {
      await until(() => Date.now() - sinceMs >= afterMs, { what: "time passes" });
      const told = (await age()) ?? -1;
      const truth = (Date.now() - sinceMs) / 1000;
      expect(Math.abs(told - truth)).toBeLessThan(1);
    }
  }

  const told = () => service.metric(AGE, { topic: scene.topic });

  test("idle and consuming", async () => {
    await send(100);
    await drained(scene, service, sent);
    await until(async () => (await told()) === 0, { what: "nothing is behind" });
    expect(await asked()).toMatchObject({ records: 0, seconds: 0, state: "caught_up" });
    const sending = send(300, 100);
    const ages: number[] = [];
    await until(async () => ages.push(await told()) >= 20, { pollMs: 100 });
    await sending;
    expect(Math.max(...ages)).toBeLessThan(1);
    await drained(scene, service, sent);
  }, 180_000);

  test("while a transaction of somebody else hangs, by its first record", async () => {
    const client = new kafkajs.Kafka({ brokers: [testKafkaBroker()], logLevel: kafkajs.logLevel.NOTHING });
    const producer = client.producer({ transactionalId: freshPrefix("lag"), maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    try {
      const hanging = await producer.transaction();
      const sinceMs = Date.now();
      await hanging.send({ topic: scene.topic, messages: [{ key: "nobody's", value: null }] });
      await until(async () => (await told()) > 0, { what: "a record is behind" });
      await expectTrue(sinceMs, told);
      expect(await service.metric("freshet_open_transaction_records", { topic: scene.topic })).toBe(1);
      await hanging.abort();
    } finally {
      await producer.disconnect();
    }
    await until(async () => (await told()) === 0, { what: "nothing is behind" });
  }, 180_000);

  test("when the process that has the partition is dead, by what another one tells", async () => {
    const other = await scene.start();
    await until(async () => (await other.readyz())?.status === 200, { what: "the other has joined", timeoutMs: 30_000 });
    const has = (process: ServiceProcess) => process.metric("freshet_assigned_partitions");
    await until(async () => (await has(service)) + (await has(other)) === 1, { what: "one of them has the partition", timeoutMs: 30_000 });
    const [dead, left] = (await has(service)) === 1 ? [service, other] : [other, service];
    service = left;
    dead.kill("SIGKILL");
    await dead.exited;
    const sinceMs = Date.now();
    await send(3);
    await until(async () => (await told()) > 0, { what: "records are behind" });
    await expectTrue(sinceMs, told);
    await drained(scene, service, sent);
    await until(async () => (await told()) === 0, { what: "nothing is behind" });
  }, 270_000);

  test("while partitions wait for Redis", async () => {
    await redis.stop();
    const sinceMs = Date.now();
    await send(5);
    await until(async () => (await told()) > 0, { what: "records are behind" });
    await expectTrue(sinceMs, told);
    expect(await service.metric("freshet_partition_state", { topic: scene.topic, state: "waiting" })).toBe(1);
    expect(await asked()).toMatchObject({ records: 5, state: "consuming" }); // from outside it is just young
  }, 180_000);

  test("and when the service is gone, by what brokers say", async () => {
    const [before] = await kafka.peek([{ topic: scene.topic, partition: 0, offset: (await asked()).committed ?? 0 }]);
    const sinceMs = before?.found?.timestampMs ?? 0;
    service.kill("SIGTERM");
    await service.exited;
    const report = await asked();
    expect(report).toMatchObject({ records: 5, state: "dead" });
    expect(Math.abs((report.seconds ?? 0) - (Date.now() - sinceMs) / 1000)).toBeLessThan(1);
    await redis.restart();
    service = await scene.start();
    await drained(scene, service, sent);
    await until(async () => (await asked()).seconds === 0, { what: "nothing is behind" });
  }, 180_000);
});
