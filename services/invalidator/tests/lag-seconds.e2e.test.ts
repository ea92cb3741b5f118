import { setTimeout as pause } from "node:timers/promises";
import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import { freshPrefix, type OwnRedis, startRedis, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { type PartitionReport, readLag } from "../src/lag-report.js";
import { testSeed } from "./config.js";
import { type Act, drained, openScene, prepare, type Scene } from "./scene.js";
import { type ServiceProcess, sum } from "./service-process.js";

const AGE = "freshet_oldest_unapplied_age_seconds";
const clock = { nowMs: () => Date.now() };

/** In which moments of this clock a record was written: a broker may take its time, and so may this process. */
interface Written {
  readonly fromMs: number;
  readonly toMs: number;
}

async function written(work: () => Promise<unknown>): Promise<Written> {
  const fromMs = Date.now();
  await work();
  return { fromMs, toMs: Date.now() };
}

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
  }, 360_000);

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

  /** Looks at an age, which must be that of a record written then, in one of the moments of the look. */
  async function expectAge({ fromMs, toMs }: Written, age: () => Promise<number | null>): Promise<void> {
    const askedMs = Date.now();
    const told = (await age()) ?? -1;
    expect(told).toBeGreaterThan((askedMs - toMs) / 1000 - 1);
    expect(told).toBeLessThan((Date.now() - fromMs) / 1000 + 1);
  }

  /** Looks several times, some seconds apart, at an age that should grow with the clock. */
  async function expectTrue(at: Written, age: () => Promise<number | null>): Promise<void> {
    for (const afterMs of [600, 2000, 4500]) {
      await until(() => Date.now() - at.toMs >= afterMs, { what: "time passes" });
      await expectAge(at, age);
    }
  }

  const told = () => service.metric(AGE, { topic: scene.topic });

  test("idle and consuming", async () => {
    await send(100);
    await drained(scene, service, sent);
    await until(async () => (await told()) === 0, { what: "nothing is behind" });
    expect(await asked()).toMatchObject({ records: 0, seconds: 0, state: "caught_up" });
    // Of each record that is sent: when it was not yet written.
    const notYetMs: number[] = [];
    const sending = (async () => {
      for (let round = 0; round < 60; round++) {
        notYetMs.push(...Array.from({ length: 5 }, () => Date.now()));
        await send(5);
        await pause(50);
      }
    })();
    sending.catch(() => undefined); // told below
    let looks = 0;
    const isTrue = async (): Promise<boolean> => {
      const page = await service.metrics(); // age and count of one moment
      const oldestMs = notYetMs[sum(page, "freshet_events_total", {}) - 100] ?? Date.now();
      expect(sum(page, AGE, { topic: scene.topic })).toBeLessThan((Date.now() - oldestMs) / 1000 + 1);
      looks++;
      return looks >= 20;
    };
    await until(isTrue, { pollMs: 100, timeoutMs: 120_000 });
    await sending;
    await drained(scene, service, sent);
    await until(async () => (await told()) === 0, { what: "nothing is behind" });
  }, 360_000);

  test("while a transaction of somebody else hangs, by its first record", async () => {
    const client = new kafkajs.Kafka({ brokers: [testKafkaBroker()], logLevel: kafkajs.logLevel.NOTHING });
    const producer = client.producer({ transactionalId: freshPrefix("lag"), maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    try {
      const hanging = await producer.transaction();
      const at = await written(() => hanging.send({ topic: scene.topic, messages: [{ key: "nobody's", value: null }] }));
      await until(async () => (await told()) > 0, { what: "a record is behind" });
      await expectTrue(at, told);
      expect(await service.metric("freshet_open_transaction_records", { topic: scene.topic })).toBe(1);
      await hanging.abort();
    } finally {
      await producer.disconnect();
    }
    await until(async () => (await told()) === 0, { what: "nothing is behind" });
  }, 360_000);

  test("when the process that has the partition is dead, by what another one tells", async () => {
    const other = await scene.start();
    await until(async () => (await other.readyz())?.status === 200, { what: "the other has joined", timeoutMs: 90_000 });
    const has = (process: ServiceProcess) => process.metric("freshet_assigned_partitions");
    await until(async () => (await has(service)) + (await has(other)) === 1, { what: "one of them has the partition", timeoutMs: 90_000 });
    const [dead, left] = (await has(service)) === 1 ? [service, other] : [other, service];
    service = left;
    dead.kill("SIGKILL");
    await dead.exited;
    const at = await written(() => send(3));
    await until(async () => (await told()) > 0, { what: "records are behind" });
    await expectTrue(at, told);
    await drained(scene, service, sent);
    await until(async () => (await told()) === 0, { what: "nothing is behind" });
  }, 360_000);

  test("while partitions wait for Redis", async () => {
    await redis.stop();
    const at = await written(() => send(5));
    await until(async () => (await told()) > 0, { what: "records are behind" });
    await expectTrue(at, told);
    const waits = () => service.metric("freshet_partition_state", { topic: scene.topic, state: "waiting" });
    await until(async () => (await waits()) === 1, { what: "it waits", timeoutMs: 60_000 });
    expect(await asked()).toMatchObject({ records: 5, state: "consuming" }); // from outside it is just young
  }, 360_000);

  test("and when the service is gone, by what brokers say", async () => {
    const [before] = await kafka.peek([{ topic: scene.topic, partition: 0, offset: (await asked()).committed ?? 0 }]);
    const sinceMs = before?.found?.timestampMs ?? 0;
    service.kill("SIGTERM");
    await service.exited;
    await expectAge({ fromMs: sinceMs, toMs: sinceMs }, async () => {
      const { seconds, ...report } = await asked();
      expect(report).toMatchObject({ records: 5, state: "dead" });
      return seconds;
    });
    await redis.restart();
    service = await scene.start();
    await drained(scene, service, sent);
    await until(async () => (await asked()).seconds === 0, { what: "nothing is behind" });
  }, 360_000);
});
