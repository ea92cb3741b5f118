import { FreshetError } from "@freshet/protocol";
import { afterEach, describe, expect, test } from "@jest/globals";
import { freshPrefix } from "./fresh.js";
import {
  type Bench,
  CLOCKS_MS,
  copyOf,
  createBench,
  type DeleteBefore,
  done,
  endAll,
  eventually,
  type MakeKafkaPort,
  numbered,
  numberOf,
  range,
  TEST_MS,
  textOf,
} from "./kafka-bench.js";
import { edgeTests } from "./kafka-conformance-edges.js";
import { readingTests } from "./kafka-conformance-reading.js";

/**
 * What any `KafkaPort` must do, as tests. Topics and groups get fresh names, so suites may share a broker. A test may take
 * as long as two rebalances of the implementation.
 */
export function kafkaConformance(name: string, makePort: MakeKafkaPort, deleteBefore: DeleteBefore): void {
  describe(`KafkaPort: ${name}`, () => {
    const bench = createBench(makePort, deleteBefore);
    afterEach(() => bench.close());
    deliveryTests(bench);
    redeliveryTests(bench);
    resumptionTests(bench);
    groupTests(bench);
    edgeTests(bench);
    readingTests(bench);
  });
}

function deliveryTests(bench: Bench): void {
  test(
    "delivers from the beginning, then what comes, in order within a partition",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 3);
      await port.produce(numbered(topic, 0, 150));
      const watched = await bench.consume(port, { topics: [topic] });
      await eventually(() => watched.records.length >= 150);
      expect(watched.consumption.joined).toBe(true);
      await port.produce(numbered(topic, 150, 300));
      await eventually(() => watched.records.length >= 300);
      expect(watched.records.map(numberOf).sort((a, b) => a - b)).toEqual(range(0, 300));
      expect(new Set(watched.records.map((record) => record.partition)).size).toBe(3);
      for (const partition of [0, 1, 2]) {
        const offsets = watched.records.filter((record) => record.partition === partition).map((record) => record.offset);
        expect(offsets).toEqual(range(0, offsets.length));
      }
      for (let key = 0; key < 10; key++) {
        const numbers = watched.records.filter((record) => textOf(record.key) === `key-${key}`).map(numberOf);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }
    },
    TEST_MS,
  );

  test(
    "tells where the partition ends and when it was last alive",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 20));
      let end = -1;
      const watched = await bench.consume(port, {
        topics: [topic],
        onBatch: (batch, control, self) => {
          end = batch.highWatermark;
          return endAll(batch, control, self);
        },
      });
      await eventually(() => watched.records.length >= 20);
      expect(end).toBe(20);
      expect(Math.abs(Date.now() - watched.consumption.lastSeenMs)).toBeLessThan(CLOCKS_MS);
      expect(Math.abs(Date.now() - (watched.records[0]?.timestampMs ?? 0))).toBeLessThan(CLOCKS_MS);
    },
    TEST_MS,
  );
}

function redeliveryTests(bench: Bench): void {
  test(
    "delivers again what a handler did not end, and nothing that it did",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 60));
      const starts: number[] = [];
      const watched = await bench.consume(port, {
        topics: [topic],
        onBatch: async (batch, control, self) => {
          const [first] = batch.records;
          starts.push(first?.offset ?? -1);
          const some = batch.records.slice(0, 7);
          self.records.push(...some.map(copyOf));
          control.ended(some.at(-1)?.offset ?? -1);
          return done;
        },
      });
      await eventually(() => watched.records.length >= 60);
      expect(watched.records.map((record) => record.offset)).toEqual(range(0, 60));
      expect(starts).toEqual(range(0, 9).map((turn) => turn * 7));
    },
    TEST_MS,
  );

  test(
    "waits as long as it was told, from the first record that has not ended, while other partitions go on",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 2);
      await port.produce(numbered(topic, 0, 100));
      const turns: { readonly atMs: number; readonly from: number }[] = [];
      const watched = await bench.consume(port, {
        topics: [topic],
        onBatch: async (batch, control, self) => {
          if (batch.partition === 1) return endAll(batch, control, self);
          const from = batch.records.at(0)?.offset ?? -1;
          turns.push({ atMs: Date.now(), from });
          if (turns.length > 2) return endAll(batch, control, self);
          control.ended(from + 1);
          return { kind: "wait", error: new FreshetError("FR2001", "wait", "Redis is away", "Wait."), retryAfterMs: 1500 };
        },
      });
      await eventually(() => watched.records.some((record) => record.partition === 1));
      expect(turns.length).toBeLessThan(3);
      await eventually(() => watched.records.length >= 100 - 4);
      expect(turns.map((turn) => turn.from).slice(0, 3)).toEqual([0, 2, 4]);
      expect((turns[1]?.atMs ?? 0) - (turns[0]?.atMs ?? 0)).toBeGreaterThan(1400);
    },
    TEST_MS,
  );
}

function resumptionTests(bench: Bench): void {
  test(
    "goes on where it had committed, in another process",
    async () => {
      const topic = await bench.topic(await bench.port(), 3);
      const group = freshPrefix("group");
      const first = await bench.port();
      await first.produce(numbered(topic, 0, 100));
      const before = await bench.consume(first, { topics: [topic], group });
      await eventually(() => before.records.length >= 100);
      await first.close();
      const second = await bench.port();
      await second.produce(numbered(topic, 100, 200));
      const after = await bench.consume(second, { topics: [topic], group });
      await eventually(() => after.records.length >= 100);
      expect(after.records.map(numberOf).sort((a, b) => a - b)).toEqual(range(100, 200));
    },
    TEST_MS,
  );

  test(
    "stops in the middle of a batch, soon, and the next one gets what had not ended",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      const group = freshPrefix("group");
      await port.produce(numbered(topic, 0, 50));
      let told = false;
      const first = await bench.consume(port, {
        topics: [topic],
        group,
        onBatch: async (batch, control, self) => {
          control.ended(9);
          self.records.push(...batch.records.slice(0, 10).map(copyOf));
          await eventually(() => control.shouldStop());
          told = true;
          return done;
        },
      });
      await eventually(() => first.records.length >= 10);
      const began = Date.now();
      await Promise.all([first.consumption.stop(), first.consumption.stop()]);
      expect(Date.now() - began).toBeLessThan(12_500);
      expect(told).toBe(true);
      const second = await bench.consume(port, { topics: [topic], group });
      await eventually(() => second.records.length >= 40);
      expect(second.records.map((record) => record.offset)).toEqual(range(10, 50));
      expect(first.records).toHaveLength(10);
    },
    TEST_MS,
  );
}

function groupTests(bench: Bench): void {
  test(
    "shares partitions between two members and hands them over without loss",
    async () => {
      const [one, two] = [await bench.port(), await bench.port()];
      const topic = await bench.topic(one, 4);
      const group = freshPrefix("group");
      const first = await bench.consume(one, { topics: [topic], group });
      await one.produce(numbered(topic, 0, 100));
      await eventually(() => first.records.length >= 100 && first.assigned === 4);
      const second = await bench.consume(two, { topics: [topic], group });
      await eventually(() => first.assigned === 2 && second.assigned === 2);
      await one.produce(numbered(topic, 100, 200));
      const seen = (): Set<number> => new Set([...first.records, ...second.records].map(numberOf));
      await eventually(() => seen().size >= 200);
      expect(second.records.length).toBeGreaterThan(0);
      await first.consumption.stop();
      await eventually(() => second.assigned === 4);
      const kept = first.records.length;
      await two.produce(numbered(topic, 200, 300));
      await eventually(() => seen().size >= 300);
      expect([...seen()].sort((a, b) => a - b)).toEqual(range(0, 300));
      expect(first.records).toHaveLength(kept);
    },
    TEST_MS,
  );
}
