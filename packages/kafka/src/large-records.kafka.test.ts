import { randomBytes } from "node:crypto";
import { freshPrefix, testKafkaBroker } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createKafkajsPort } from "./kafkajs-port.js";
import type { KafkaPort, ProduceRecord } from "./port.js";

const LIMIT = 200_000;
const topic = freshPrefix("large");
let port: KafkaPort;

beforeAll(async () => {
  port = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: topic, clock: { nowMs: () => Date.now() } });
  await port.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: { "max.message.bytes": String(LIMIT) } }]);
}, 180_000);

afterAll(async () => {
  await port.close();
});

const recordOf = (key: string, value: Buffer): ProduceRecord => ({
  topic,
  key: Buffer.from(key),
  value,
  headers: [{ name: "h", value: null }],
});
/** Said again and again, too far apart for gzip to see. */
const farRepeats = Buffer.concat(Array<Buffer>(20).fill(randomBytes(100_000)));

test("a record that is larger than its topic allows is written compressed, whatever its producer compressed it with", async () => {
  const sent = [
    recordOf("text", Buffer.from("a change that is no JSON ".repeat(200_000))),
    recordOf("small", Buffer.from("{}")),
    recordOf("far", farRepeats),
  ];
  await port.produce(sent);
  const read: { key: string; value: string; headers: unknown }[] = [];
  const [range] = await port.offsets([topic]);
  await port.read({
    group: `${topic}-reader`,
    ranges: [{ topic, partition: 0, from: 0, to: range?.latest ?? 0 }],
    onBatch: async ({ records }) => {
      for (const { key, value, headers } of records) {
        read.push({ key: Buffer.from(key ?? []).toString(), value: Buffer.from(value ?? []).toString("base64"), headers });
      }
    },
    stop: new AbortController().signal,
  });
  expect(read).toEqual(
    sent.map(({ key, value, headers }) => ({ key: key?.toString(), value: Buffer.from(value ?? []).toString("base64"), headers })),
  );
}, 180_000);

test("what nothing makes small enough is refused", async () => {
  const record = recordOf("noise", randomBytes(2 * LIMIT));
  await expect(port.produce([record])).rejects.toMatchObject({ code: "FR3003", disposition: "halt" });
}, 180_000);
