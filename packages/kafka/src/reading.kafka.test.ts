import { asFreshetError } from "@freshet/protocol";
import { freshPrefix, freshTopic, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs, { type Admin, type Producer, type Transaction } from "kafkajs";
import { createKafkajsPort } from "./kafkajs-port.js";
import type { OffsetRange, ReadOptions } from "./port.js";

const clock = { nowMs: () => Date.now() };
const port = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "freshet-reading", clock });
const kafka = new kafkajs.Kafka({ brokers: [testKafkaBroker()], clientId: "freshet-transactions", logLevel: kafkajs.logLevel.NOTHING });
const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
const admin: Admin = kafka.admin();
const producers: Producer[] = [];

beforeAll(() => admin.connect());
afterAll(async () => {
  await Promise.all([...producers, admin].map((client) => client.disconnect()));
  await port.close();
});

async function topicWith(config: Record<string, string> = {}): Promise<string> {
  const topic = freshTopic("reading");
  await port.createTopics([{ topic, partitions: 1, replicationFactor: -1, config }]);
  return topic;
}

async function transactional(): Promise<Producer> {
  const producer = kafka.producer({ transactionalId: freshPrefix("tx"), maxInFlightRequests: 1, idempotent: true, createPartitioner });
  await producer.connect();
  producers.push(producer);
  return producer;
}

async function begin(producer: Producer, topic: string, texts: readonly string[]): Promise<Transaction> {
  const transaction = await producer.transaction();
  // one by one: each is a batch of its own
  for (const value of texts) await transaction.send({ topic, messages: [{ value }] });
  return transaction;
}

const plain = (topic: string, texts: readonly string[]): Promise<void> =>
  port.produce(texts.map((text) => ({ topic, key: Buffer.from("k"), value: Buffer.from(text), headers: [] })));

interface Read {
  readonly texts: string[];
  readonly offsets: number[];
  readonly done: Promise<void>;
}

function read(topic: string, bounds: Pick<OffsetRange, "from" | "to">, group = freshPrefix("reader")): Read {
  const texts: string[] = [];
  const offsets: number[] = [];
  const onBatch: ReadOptions["onBatch"] = async ({ records }) => {
    texts.push(...records.map(({ value }) => Buffer.from(value ?? []).toString()));
    offsets.push(...records.map(({ offset }) => offset));
  };
  const done = port
    .read({ group, ranges: [{ topic, partition: 0, ...bounds }], onBatch, stop: new AbortController().signal })
    .then(() => port.deleteGroup(group));
  return { texts, offsets, done };
}

const endsOf = async (topic: string) => (await port.offsets([topic])).map(({ earliest, stable, latest }) => [earliest, stable, latest]);

/** The marker that ends a transaction is written a little after its producer hears of it. */
const endsAt = (topic: string, end: number) =>
  until(async () => (await endsOf(topic)).every(([, stable, latest]) => stable === end && latest === end));

describe("a topic of transactions", () => {
  test("is read to its end, which is control records, and aborted records are left out", async () => {
    const topic = await topicWith();
    const producer = await transactional();
    await (await begin(producer, topic, ["aborted 0", "aborted 1"])).abort();
    await endsAt(topic, 3);
    await (await begin(producer, topic, ["committed 3", "committed 4"])).commit();
    await endsAt(topic, 6);
    await plain(topic, ["plain 6"]);
    await (await begin(producer, topic, ["aborted 7", "aborted 8", "aborted 9"])).abort();
    await endsAt(topic, 11);
    const group = freshPrefix("reader");
    const all = read(topic, { from: 0, to: 11 }, group);
    await all.done;
    expect(all.texts).toEqual(["committed 3", "committed 4", "plain 6"]);
    const peeked = await Promise.all([0, 5, 7, 11].map((offset) => port.peek([{ topic, partition: 0, offset }])));
    expect(peeked.map(([first]) => first?.found?.offset ?? null)).toEqual([3, 6, null, null]);
    for (const [from, to, texts] of [
      [1, 3, []],
      [2, 4, ["committed 3"]],
      [4, 6, ["committed 4"]],
      [5, 6, []],
      [8, 10, []],
    ] as const) {
      const some = read(topic, { from, to });
      await some.done;
      expect([from, to, some.texts]).toEqual([from, to, texts]);
    }
  }, 180_000);

  test("that hangs is told by its last stable offset, and read when it ends", async () => {
    const topic = await topicWith();
    const producer = await transactional();
    await plain(topic, ["before 0"]);
    const hanging = await begin(producer, topic, ["inside 1"]);
    await plain(topic, ["behind 2", "behind 3"]);
    expect(await endsOf(topic)).toEqual([[0, 1, 4]]);
    const behind = [{ topic, partition: 0, offset: 1 }];
    expect([(await port.peek(behind))[0]?.found, (await port.peek(behind, { uncommitted: true }))[0]?.found?.offset]).toEqual([null, 1]);
    let isDone = false;
    const reading = read(topic, { from: 0, to: 4 });
    const ended = reading.done.then(() => {
      isDone = true;
    });
    await until(() => reading.texts.length >= 1);
    expect(reading.texts).toEqual(["before 0"]);
    const below = read(topic, { from: 0, to: 1 });
    await below.done;
    expect([below.texts, isDone]).toEqual([["before 0"], false]);
    await hanging.commit();
    await ended;
    expect(reading.texts).toEqual(["before 0", "inside 1", "behind 2", "behind 3"]);
    await endsAt(topic, 5);
  }, 180_000);
});

describe("a log that was cut", () => {
  test("is read from its beginning when retention took what was asked for", async () => {
    const topic = await topicWith();
    await plain(topic, ["0", "1", "2", "3"]);
    await admin.fetchTopicOffsets(topic); // it has to know the leader
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "2" }] });
    expect(await endsOf(topic)).toEqual([[2, 4, 4]]);
    const some = read(topic, { from: 0, to: 4 });
    await some.done;
    expect(some.texts).toEqual(["2", "3"]);
    const gone = read(topic, { from: 0, to: 2 });
    await gone.done;
    expect(gone.texts).toEqual([]);
  }, 180_000);

  test("that ends before the range begins is told: the topic was made anew", async () => {
    const topic = await topicWith();
    await plain(topic, ["0"]);
    const { done } = read(topic, { from: 70, to: 80 });
    const failure = await done.catch(asFreshetError);
    expect(failure).toMatchObject({ code: "FR3002", disposition: "halt" });
  }, 180_000);

  test("by compaction is read over its holes to its end", async () => {
    const topic = await topicWith({
      "cleanup.policy": "compact",
      "segment.ms": "100",
      "min.cleanable.dirty.ratio": "0.001",
      "delete.retention.ms": "0",
      "max.compaction.lag.ms": "100",
    });
    const remains = async (): Promise<number[]> => {
      const [end] = await endsOf(topic);
      const reading = read(topic, { from: 0, to: end?.[1] ?? 0 });
      await reading.done;
      return reading.offsets;
    };
    let written = 0;
    await until(
      async () => {
        await plain(topic, ["a", "b", "c"]);
        written += 3;
        const offsets = await remains();
        expect(offsets.at(-1)).toBe(written - 1);
        return offsets.length < written / 2;
      },
      { timeoutMs: 240_000, pollMs: 500, what: "the cleaner" },
    );
    const half = read(topic, { from: 0, to: 2 });
    await half.done;
    expect(half.texts).toEqual([]);
  }, 360_000);
});
