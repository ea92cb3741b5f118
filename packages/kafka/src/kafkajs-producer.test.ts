import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { createStubProducing } from "../tests/stub-producing.js";
import { createAcknowledgedSender } from "./acknowledged-send.js";
import type { ProduceRecord } from "./port.js";

const record = (value: string | null, topic = "dlq"): ProduceRecord => ({
  topic,
  key: null,
  value: value === null ? null : Buffer.from(value),
  headers: [],
});

describe("a reply that is lost", () => {
  test("makes no later record vanish: each that was acknowledged is in the log, and so is the one in doubt", async () => {
    const { producer, log, weather } = createStubProducing();
    await producer.produce([record("a")]);
    weather.push("lost", "lost", "lost"); // every attempt: the send fails, though each was appended
    await expect(producer.produce([record("b")])).rejects.toMatchObject({ code: "FR3001", disposition: "wait" });
    await producer.produce([record("c")]);
    await producer.produce([record("d")]);
    expect([...new Set(log.map(({ value }) => value))]).toEqual(["a", "b", "c", "d"]);
  });

  test("of the first of several attempts is no failure: duplicates are what acknowledged means", async () => {
    const { producer, log, weather } = createStubProducing();
    weather.push("lost");
    await producer.produce([record("a"), record("b")]);
    await producer.produce([record("c")]);
    expect(log.map(({ value }) => value)).toEqual(["a", "b", "a", "b", "c"]);
  });
});

describe("a partition that moves, within one send, to a node that has already answered for others", () => {
  const values = Array.from({ length: 12 }, (_, at) => `${at}`);

  test("gets its records all the same", async () => {
    const { producer, log, leaders } = createStubProducing({ leaders: [1, 2, 2] });
    await producer.produce([record("first")]);
    leaders.splice(0, 3, 1, 1, 2);
    await producer.produce(values.map((value) => record(value)));
    expect(new Set(log.map(({ value }) => value))).toEqual(new Set(["first", ...values]));
  });

  test("loses them with stock kafkajs, which calls that a success", async () => {
    const { stock, log, leaders } = createStubProducing({ leaders: [1, 2] });
    const producer = stock();
    await producer.connect();
    leaders.splice(0, 2, 1, 1);
    await producer.send({
      topic: "dlq",
      messages: [
        { partition: 0, value: "a", headers: {} },
        { partition: 1, value: "b", headers: {} },
      ],
    });
    expect(log.map(({ value }) => value)).toEqual(["a"]);
  });

  test("keeps the partition that its key gives it, as the Java client's", () => {
    const [ours, javas] = [createAcknowledgedSender().createPartitioner(), kafkajs.Partitioners.DefaultPartitioner()];
    const partitionMetadata = [0, 1, 2, 3, 4].map((partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 1,
      replicas: [],
      isr: [],
    }));
    for (const value of values) {
      const given = { topic: "dlq", partitionMetadata, message: { key: `key-${value}`, value } };
      expect(ours(given)).toBe(javas(given));
    }
    const keyless = { topic: "dlq", partitionMetadata, message: { value: "v" } };
    expect([1, 2, 3].map(() => ours(keyless))).toEqual(Array.from({ length: 3 }, () => ours(keyless)));
  });

  test("again and again is trouble to wait for, and no success", async () => {
    const { createPartitioner, sendAcknowledged } = createAcknowledgedSender();
    createPartitioner();
    const sendBatch = async () => [{ topicName: "dlq", partition: 7, errorCode: 0 }];
    const sending = sendAcknowledged(
      { sendBatch },
      { timeout: 1, compression: 0, topicMessages: [{ topic: "dlq", messages: [{ value: "a" }] }] },
    );
    await expect(sending).rejects.toMatchObject({ code: "FR3001", disposition: "wait" });
  });
});

describe("a leader that goes silent, with another one in its place", () => {
  test("is left at the first request that it does not answer: the next try asks who leads", async () => {
    const { producer, log, leaders, silent, asked } = createStubProducing({ leaders: [1] });
    await producer.produce([record("a")]);
    silent.set(1, "closed");
    leaders.splice(0, 1, 2);
    await producer.produce([record("b")]);
    expect(log.map(({ value }) => value)).toEqual(["a", "b"]);
    expect(asked).toEqual([1, 1, 2]);
  });

  test("is asked again and again by stock kafkajs, until its metadata is old", async () => {
    const { producer, leaders, silent, asked } = createStubProducing({ leaders: [1] });
    await producer.produce([record("a")]);
    silent.set(1, "timeout");
    leaders.splice(0, 1, 2);
    await expect(producer.produce([record("b")])).rejects.toMatchObject({ code: "FR3001", disposition: "wait" });
    expect(asked).toEqual([1, 1, 1, 1]);
  });
});

describe("a record that is too large", () => {
  test("for good is refused with its code, and what came before it in the send is there", async () => {
    const { producer, log } = createStubProducing({ bytesMax: 100 });
    const sent = [record("a"), record("b"), record("x".repeat(101)), record("c")];
    await expect(producer.produce(sent)).rejects.toMatchObject({ code: "FR3003", disposition: "halt" });
    expect(log.map(({ value }) => value)).toEqual(["a", "b"]);
  });

  test("only together with others is sent in parts", async () => {
    const { producer, log } = createStubProducing({ bytesMax: 100 });
    const sent = Array.from({ length: 7 }, (_, at) => record(`${at}${"x".repeat(39)}`));
    await producer.produce(sent);
    expect(log.map(({ value }) => value?.[0])).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  });

  test("and is a byte more than a request of ours carries goes alone", async () => {
    const { producer, log } = createStubProducing({ bytesMax: 2_000_000 });
    await producer.produce([record("a"), record("x".repeat(1024 * 1024 + 1)), record("b")]);
    expect(log.map(({ value }) => value?.length)).toEqual([1, 1024 * 1024 + 1, 1]);
  });
});

test("headers go as they are: null, repeated, and named like what objects have", async () => {
  const { producer, log } = createStubProducing();
  const headers = ["a", "toString", "__proto__", "a"].map((name, at) => ({ name, value: at === 1 ? null : Buffer.from([at]) }));
  await producer.produce([{ ...record(null), headers }]);
  expect(log).toEqual([{ topic: "dlq", value: null, headers }]);
});

test("closing waits for sends that are under way, and disconnects after them", async () => {
  const { producer, log, weather, disconnects } = createStubProducing();
  await producer.produce([record("a")]);
  weather.push("lost", "lost");
  let isSent = false;
  const sending = producer.produce([record("b")]).then(() => {
    isSent = true;
    expect(disconnects()).toBe(0);
  });
  await producer.close();
  expect(isSent).toBe(true);
  await sending;
  await until(() => disconnects() === 1);
  expect(log.at(-1)?.value).toBe("b");
});

test("what is to be sent after the end is refused, and makes no connection that nobody closes", async () => {
  const { producer, log, disconnects } = createStubProducing();
  await producer.produce([record("a")]);
  await producer.close();
  await expect(producer.produce([record("b")])).rejects.toMatchObject({ code: "FR3001", disposition: "halt" });
  expect([log.length, disconnects()]).toEqual([1, 1]);
});
