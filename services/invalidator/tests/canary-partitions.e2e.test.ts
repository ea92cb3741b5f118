import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs, { type Transaction } from "kafkajs";
import { openScene, type Scene } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";

const AGE = "freshet_canary_partition_age_seconds";
const TOOK = "freshet_canary_partition_duration_seconds";
const rules = (topic: string, keyPrefix: string): string => `freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: p, canary: true, tombstones: delete, strict: true }]
families: { page: { key: "${keyPrefix}page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: page, source: products, bust: [{ family: page, with: { id: subject } }] }]
`;

/** Two processes share the partitions of a source that asks for canaries, on a broker that is real. */
describe("canaries in source partitions on real Kafka", () => {
  const kafka = new kafkajs.Kafka({ brokers: [testKafkaBroker()], logLevel: kafkajs.logLevel.NOTHING });
  const transactional = { transactionalId: freshPrefix("hanging"), transactionTimeout: 300_000, maxInFlightRequests: 1 };
  const producer = kafka.producer({ ...transactional, idempotent: true });
  let scene: Scene;
  let services: readonly ServiceProcess[];

  beforeAll(async () => {
    const name = freshPrefix("partitions");
    scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: 3, rules });
    await scene.topics.create({ [`freshet.canary.${name}`]: { partitions: 1 } });
    await producer.connect();
    const env = { FRESHET_CANARY_SECONDS: "1" };
    services = [await scene.start({ env }), await scene.start({ env })];
  }, 180_000);

  afterAll(async () => {
    await producer.disconnect();
    await scene?.close();
  });

  /** Each partition's figure, from the process that has it; what nobody tells is missing. */
  async function told(metric: string): Promise<ReadonlyMap<string, number>> {
    const pages = await Promise.all(services.map((service) => service.metrics()));
    const lines = [...pages.join("\n").matchAll(new RegExp(`^${metric}\\{topic="${scene.topic}",partition="(\\d)"\\} (\\S+)$`, "gm"))];
    return new Map(lines.map(([, partition = "", value]) => [partition, Number(value)]));
  }

  test("come through each partition, once, and nothing else comes of them", async () => {
    const isEach = async () => (await told(TOOK)).size === 3 && [...(await told(AGE)).values()].every((seconds) => seconds < 3);
    await until(isEach, { what: "a canary has come through each partition", timeoutMs: 60_000 });
    for (const outcome of ["applied", "covered", "no_match", "dead"]) {
      const counts = services.map((service) => service.metric("freshet_events_total", { topic: scene.topic, outcome }));
      expect(await Promise.all(counts)).toEqual([0, 0]);
    }
    const [record] = await scene.topics.readAll(scene.topic);
    expect([record?.value, String(record?.key), [...(record?.headers.keys() ?? [])]]).toEqual([
      null,
      '"freshet-canary"',
      ["freshet-canary"],
    ]);
    expect(await scene.topics.readAll(scene.deadLetterTopic)).toEqual([]);
  }, 270_000);

  test("do not come through one in which a transaction of somebody else hangs, until it ends", async () => {
    let hanging: Transaction | null = await producer.transaction();
    try {
      await hanging.send({ topic: scene.topic, messages: [{ partition: 1, value: null, key: "somebody else's" }] });
      const isItAlone = async () => {
        const ages = await told(AGE);
        return (ages.get("1") ?? 0) > 4 && ["0", "2"].every((partition) => (ages.get(partition) ?? 9) < 4);
      };
      await until(isItAlone, { what: "nothing comes through it, and through the others as ever", timeoutMs: 60_000 });
      await hanging.abort();
      hanging = null;
    } finally {
      await hanging?.abort();
    }
    await until(async () => ((await told(AGE)).get("1") ?? 9) < 3, { what: "they come through again", timeoutMs: 60_000 });
    expect((await told(TOOK)).get("1")).toBeLessThan(30);
  }, 270_000);
});
