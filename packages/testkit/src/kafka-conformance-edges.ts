import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { freshPrefix, freshTopic } from "./fresh.js";
import {
  type Bench,
  endAll,
  eventually,
  failureOf,
  hex,
  hexed,
  numbered,
  numberOf,
  oddRecords,
  range,
  record,
  TEST_MS,
  textOf,
} from "./kafka-bench.js";

/** What is easily lost on the way: odd bytes, large ones, missing topics, handlers that throw. */
export function edgeTests(bench: Bench): void {
  byteTests(bench);
  topicTests(bench);
  holeTests(bench);
  closeTests(bench);
  faultTests(bench);
}

function byteTests(bench: Bench): void {
  test(
    "carries bytes and headers as given",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      const sent = oddRecords(topic);
      await port.produce(sent);
      const watched = await bench.consume(port, { topics: [topic] });
      await eventually(() => watched.records.length >= sent.length);
      const got = watched.records.map(({ key, value, headers }) => ({ key: hex(key), value: hex(value), headers: headers.map(hexed) }));
      expect(got).toEqual(sent.map(({ key, value, headers }) => ({ key: hex(key), value: hex(value), headers: headers.map(hexed) })));
    },
    TEST_MS,
  );

  test(
    "puts a record into the partition that it names, whatever its key",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 3);
      const places = [2, 0, 1, 2, 2, 1];
      await port.produce(
        places.map((partition, at) => ({ ...record(topic, { value: Buffer.from(`${at}`) }), key: Buffer.from("one key"), partition })),
      );
      const watched = await bench.consume(port, { topics: [topic] });
      await eventually(() => watched.records.length >= places.length);
      const got = watched.records.map(({ partition, value }) => [Number(textOf(value)), partition] as const);
      expect(got.sort(([a], [b]) => a - b).map(([, partition]) => partition)).toEqual(places);
    },
    TEST_MS,
  );

  test(
    "carries a record of a million bytes, and many that are larger together",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      const value = Buffer.alloc(1_000_000, "freshet ");
      await port.produce([record(topic, { value }), ...range(0, 30).map(() => record(topic, { value: value.subarray(0, 100_000) }))]);
      const watched = await bench.consume(port, { topics: [topic] });
      await eventually(() => watched.records.length >= 31);
      const whole = watched.records.find((entry) => entry.value?.length === 1_000_000);
      expect(whole !== undefined && value.equals(whole.value ?? Buffer.of())).toBe(true);
    },
    TEST_MS,
  );

  test(
    "refuses a record that is too large for its topic, compressed or not, for good",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      const failure = await failureOf(port.produce([record(topic, { value: randomBytes(1_100_000) })]));
      expect([failure?.code, failure?.disposition]).toEqual(["FR3003", "halt"]);
    },
    TEST_MS,
  );
}

function topicTests(bench: Bench): void {
  test(
    "creates topics once and describes those that exist",
    async () => {
      const port = await bench.port();
      const topic = freshTopic("conformance");
      const spec = { topic, partitions: 3, replicationFactor: -1, config: { "max.message.bytes": "2000000" } };
      expect(await port.createTopics([spec])).toEqual([topic]);
      expect(await port.createTopics([spec])).toEqual([]);
      expect(await port.describeTopics([topic, `missing-${topic}`])).toEqual([{ topic, partitions: 3, maxMessageBytes: 2_000_000 }]);
    },
    TEST_MS,
  );

  test(
    "inspects topics and a group: settings, replicas and rights, and what is missing",
    async () => {
      const port = await bench.port();
      const topic = freshTopic("inspected");
      const config = { "retention.ms": "7200000", "cleanup.policy": "compact" };
      await port.createTopics([{ topic, partitions: 2, replicationFactor: 1, config }]);
      const view = await port.inspect([`missing-${topic}`, topic], `group-${topic}`);
      expect(view.brokers.length).toBeGreaterThan(0);
      expect(view.release).not.toBe("");
      expect([...(view.groupRights ?? [])]).toEqual(expect.arrayContaining(["READ", "DESCRIBE"]));
      const [missing, found] = view.topics;
      expect(missing).toMatchObject({ topic: `missing-${topic}`, state: "missing", partitions: 0, settings: null });
      expect(found).toMatchObject({ topic, state: "there", partitions: 2, replicas: 1, inSyncReplicas: 1, partitionsWithoutLeader: 0 });
      expect([...(found?.rights ?? [])]).toEqual(expect.arrayContaining(["READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"]));
      const settings = Object.fromEntries(found?.settings ?? []);
      expect(settings).toMatchObject({ ...config, "min.insync.replicas": "1", "compression.type": "producer" });
      expect(await port.describeTopics([`missing-${topic}`])).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "names the topics that are missing",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      const missing = freshTopic("missing");
      const failure = await failureOf(bench.consume(port, { topics: [topic, missing] }));
      expect(failure?.code).toBe("FR3002");
      expect(failure?.message).toContain(missing);
      expect(failure?.message).not.toContain(topic);
      expect((await failureOf(port.produce([record(missing, {})])))?.code).toBe("FR3002");
      expect(await port.describeTopics([missing])).toEqual([]);
    },
    TEST_MS,
  );
}

function holeTests(bench: Bench): void {
  test(
    "tells of records that were deleted before a group read them, and goes on with the first that is there",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      const group = freshPrefix("group");
      await port.produce(numbered(topic, 0, 2));
      const first = await bench.consume(port, { topics: [topic], group });
      await eventually(() => first.records.length === 2);
      await first.consumption.stop();
      await port.produce(numbered(topic, 2, 6));
      await bench.deleteBefore({ topic, partition: 0 }, 5);
      const second = await bench.consume(port, { topics: [topic], group });
      await eventually(() => second.records.length > 0);
      expect(second.records.map(numberOf)).toEqual([5]);
      expect(second.holes).toEqual([{ topic, partition: 0, askedOffset: 2, resumedAt: 5, cause: "expired" }]);
      await second.consumption.stop();
    },
    TEST_MS,
  );

  test(
    "takes what was deleted before a group's first record for no hole",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 6));
      await bench.deleteBefore({ topic, partition: 0 }, 4);
      const watched = await bench.consume(port, { topics: [topic] });
      await eventually(() => watched.records.length >= 2);
      expect([watched.records.map(numberOf), watched.holes]).toEqual([[4, 5], []]);
    },
    TEST_MS,
  );
}

function closeTests(bench: Bench): void {
  test(
    "a consumption that is just being begun ends with its client",
    async () => {
      const port = await bench.port();
      const other = await bench.port();
      const topic = await bench.topic(other, 1);
      const group = freshPrefix("group");
      const late = bench.consume(port, { topics: [topic], group });
      await port.close();
      const ended = await late;
      await other.produce(numbered(topic, 0, 3));
      const watched = await bench.consume(other, { topics: [topic] });
      await eventually(() => watched.records.length >= 3); // it began later, so the first would be in its group by now
      expect([(await other.describeGroup(group)).members, ended.records]).toEqual([0, []]);
    },
    TEST_MS,
  );
}

function faultTests(bench: Bench): void {
  const faults: readonly unknown[] = [new SyntaxError("s"), new TypeError("t"), new RangeError("r"), new Error("e"), undefined, "text"];
  test(
    "goes on consuming whatever a handler throws",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 10));
      const left = [...faults];
      const watched = await bench.consume(port, {
        topics: [topic],
        onBatch: async (batch, control, self) => {
          if (left.length > 0) throw left.pop();
          return endAll(batch, control, self);
        },
      });
      await eventually(() => watched.records.length >= 10);
      expect(watched.records.map(numberOf)).toEqual(range(0, 10));
      expect(watched.troubles).toHaveLength(faults.length);
    },
    TEST_MS,
  );
}
