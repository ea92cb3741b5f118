import { createRequire } from "node:module";
import { freshPrefix, freshTopic, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, describe, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { recordsAt } from "../tests/batches.js";
import { crc32c } from "./crc32c.js";
import { createKafkajsPort } from "./kafkajs-port.js";

// Batches we did not make: compressed again by the broker (Kafka's own Java codecs) and transactional ones of stock kafkajs.
const broker = testKafkaBroker();
const port = createKafkajsPort({ brokers: [broker], clientId: "freshet-foreign", clock: { nowMs: () => Date.now() } });
const stock = new kafkajs.Kafka({ brokers: [broker], clientId: "stock", logLevel: kafkajs.logLevel.NOTHING });
const admin = stock.admin();

afterAll(async () => {
  await Promise.all([port.close(), admin.disconnect()]);
});

async function topicWith(config: Readonly<Record<string, string>>): Promise<string> {
  const topic = freshTopic("foreign");
  await port.createTopics([{ topic, partitions: 1, replicationFactor: -1, config }]);
  return topic;
}

/** Consumes until as many values are there; what was given, and the group. */
async function consume(topic: string, count: number): Promise<{ readonly values: readonly string[]; readonly group: string }> {
  const values: string[] = [];
  const group = freshPrefix("group");
  const consumption = await port.consume({
    group,
    topics: [topic],
    onBatch: async ({ records }, control) => {
      values.push(...records.map((record) => record.undecodable?.problem ?? Buffer.from(record.value ?? []).toString()));
      control.ended(records.at(-1)?.offset ?? -1);
      return { kind: "done" };
    },
  });
  await until(() => values.length >= count, { timeoutMs: 60_000 });
  await until(async () => (await lagOf(group, topic)) === 0, { timeoutMs: 60_000, what: "lag 0" });
  await consumption.stop();
  return { values, group };
}

async function lagOf(group: string, topic: string): Promise<number> {
  const [{ partitions } = { partitions: [] }] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  const [end] = await admin.fetchTopicOffsets(topic);
  return Number(end?.high ?? 0) - Number(partitions[0]?.offset ?? -1);
}

describe("what Kafka itself compressed", () => {
  for (const codec of ["gzip", "snappy", "lz4", "zstd"]) {
    test(`${codec} is read to the last byte`, async () => {
      const topic = await topicWith({ "compression.type": codec });
      const sent = Array.from({ length: 1500 }, (_, at) => `${at} ${"lorem ipsum ".repeat(at % 50)}`);
      await port.produce(sent.map((value) => ({ topic, key: null, value: Buffer.from(value), headers: [] })));
      expect((await consume(topic, sent.length)).values).toEqual(sent);
    }, 180_000);
  }
});

describe("a producer's own offsets within a plain batch", () => {
  interface Exchange {
    readonly request: { encode(): Promise<{ readonly buffer: Buffer }> };
  }
  const definition: { protocol(choice: object): (options: object) => Exchange } = createRequire(import.meta.url)(
    "kafkajs/src/protocol/requests/produce/index.js",
  );

  test("are looked at by no broker: out of order they are one marker, and the next producer's records are read", async () => {
    const topic = await topicWith({});
    const [odd, usual] = [recordsAt([5, 0, 1]), definition.protocol];
    definition.protocol = (choice) => (options) => {
      const exchange = usual(choice)(options);
      const encode = async () => {
        const encoder = await exchange.request.encode();
        const batch = encoder.buffer.subarray(encoder.buffer.length - odd.length - 61);
        odd.copy(batch, 61); // of the same size, for all deltas are small
        batch.writeUInt32BE(crc32c(batch, 21), 17);
        return encoder;
      };
      return { ...exchange, request: { ...exchange.request, encode } };
    };
    try {
      await port.produce(["0", "1", "2"].map((value) => ({ topic, key: null, value: Buffer.from(value), headers: [] })));
    } finally {
      definition.protocol = usual;
    }
    await port.produce([{ topic, key: null, value: Buffer.from("honest"), headers: [] }]);
    expect((await consume(topic, 2)).values).toEqual([expect.stringContaining("an offset out of order"), "honest"]);
  }, 180_000);
});

describe("transactions", () => {
  test("that were aborted are not delivered, and the group still gets to the end of the log", async () => {
    const topic = await topicWith({});
    const producer = stock.producer({ transactionalId: freshPrefix("tx"), maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (const [value, end] of [
      ["one", "commit"],
      ["two", "abort"],
      ["three", "commit"],
      ["four", "abort"],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }, { value: `${value} again` }] });
      await transaction[end]();
    }
    await producer.disconnect();
    expect((await consume(topic, 4)).values).toEqual(["one", "one again", "three", "three again"]);
  }, 180_000);
});
