import type { FreshetError } from "@freshet/protocol";
import { freshPrefix, freshTopic, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { createKafkajsPort } from "./kafkajs-port.js";
import type { ConsumeOptions, Consumption, KafkaPort, LogHole } from "./port.js";

// What happens to logs and groups behind the service's back, on a real broker.
const broker = testKafkaBroker();
const clock = { nowMs: () => Date.now() };
const open = (): KafkaPort => createKafkajsPort({ brokers: [broker], clientId: "freshet-changes", clock });
const port = open();
const admin = new kafkajs.Kafka({ brokers: [broker], clientId: "stock", logLevel: kafkajs.logLevel.NOTHING }).admin();
const running: Consumption[] = [];

beforeAll(() => admin.connect());
afterEach(async () => {
  await Promise.all(running.splice(0).map((consumption) => consumption.stop()));
});
afterAll(async () => {
  await Promise.all([port.close(), admin.disconnect()]);
});

const create = async (topic: string, partitions = 1) =>
  port.createTopics([{ topic, partitions, replicationFactor: -1, config: {} }]).then(() => topic);
const send = (topic: string, values: readonly string[]) =>
  port.produce(values.map((value) => ({ topic, key: null, value: Buffer.from(value), headers: [] })));

interface Reader {
  readonly values: string[];
  readonly holes: LogHole[];
  readonly consumption: Consumption;
}

async function read(by: KafkaPort, group: string, topics: readonly string[]): Promise<Reader> {
  const values: string[] = [];
  const holes: LogHole[] = [];
  const consumption = await by.consume({
    group,
    topics,
    onHole: (hole) => holes.push(hole),
    onBatch: async ({ records }, control) => {
      values.push(...records.map(({ value }) => String(value)));
      control.ended(records.at(-1)?.offset ?? -1);
      return { kind: "done" };
    },
  });
  running.push(consumption);
  return { values, holes, consumption };
}

test("a topic that was made anew is read from its beginning, and told", async () => {
  const topic = await create(freshTopic("anew"));
  const group = freshPrefix("group");
  await send(topic, ["a", "b", "c"]);
  const first = await read(port, group, [topic]);
  await until(() => first.values.length === 3, { timeoutMs: 60_000 });
  await first.consumption.stop();
  await admin.deleteTopics({ topics: [topic] });
  await until(async () => (await port.describeTopics([topic])).length === 0, { timeoutMs: 60_000 });
  // offsets of a deleted topic go with it; a mirrored or restored group keeps them
  await create(topic);
  await send(topic, ["x", "y"]);
  await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: "3" }] });
  const second = await read(port, group, [topic]);
  await until(() => second.values.length === 2, { timeoutMs: 60_000 });
  expect(second.values).toEqual(["x", "y"]);
  expect(second.holes).toEqual([{ topic, partition: 0, askedOffset: 3, resumedAt: 0, cause: "beyond_end" }]);
}, 270_000);

test("a topic that only a newer member reads is read while an older one leads, and the old topic by both", async () => {
  const [old, added] = [await create(freshTopic("old"), 4), await create(freshTopic("added"), 2)];
  const group = freshPrefix("group");
  const newPort = open();
  try {
    const leader = await read(port, group, [old]);
    await until(() => leader.consumption.joined, { timeoutMs: 60_000 });
    const newer = await read(newPort, group, [old, added]);
    await send(added, ["1", "2", "3", "4"]);
    await until(() => newer.values.length === 4, { timeoutMs: 60_000 });
    await send(
      old,
      Array.from({ length: 200 }, (_, at) => `old ${at}`),
    );
    await until(() => new Set([...leader.values, ...newer.values]).size === 204, { timeoutMs: 60_000 });
    expect(leader.values.every((value) => value.startsWith("old"))).toBe(true);
    expect(leader.values.length).toBeGreaterThan(0);
  } finally {
    await newPort.close();
  }
}, 270_000);

test("a partition whose handler never settles is found by what the broker says of it, and a quiet one is left alone", async () => {
  const topic = await create(freshTopic("frozen"), 2);
  const impatient = createKafkajsPort({
    brokers: [broker],
    clientId: "freshet-changes",
    clock,
    timing: { batchDeadlineMs: 200, stallMs: 1500, stopTimeoutMs: 1000 },
  });
  try {
    const fatal: FreshetError[] = [];
    const consume = (group: string, onBatch: ConsumeOptions["onBatch"]) =>
      impatient.consume({ group, topics: [topic], onBatch, onFatal: (error) => fatal.push(error) });
    const quiet = await consume(freshPrefix("group"), async ({ records }, control) => {
      control.ended(records.at(-1)?.offset ?? -1);
      return { kind: "done" };
    });
    await send(topic, ["a"]);
    const frozen = await consume(freshPrefix("group"), () => new Promise<never>(() => undefined));
    running.push(quiet, frozen);
    await until(() => fatal.length > 0, { timeoutMs: 60_000 });
    expect(fatal.map(({ code, message }) => [code, message.includes(topic)])).toEqual([["FR3009", true]]);
  } finally {
    await impatient.close();
  }
}, 180_000);
