import type { KafkaPort, OffsetRange, ReadOptions } from "@freshet/kafka";
import type { KafkaRecord } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { freshPrefix, freshTopic } from "./fresh.js";
import { type Bench, CLOCKS_MS, copyOf, eventually, failureOf, numbered, numberOf, range, record, TEST_MS } from "./kafka-bench.js";
import { until } from "./until.js";

/** What any `LogReading` must do: ranges, ends of the log, groups. */
export function readingTests(bench: Bench): void {
  describeOffsets(bench);
  peekRecords(bench);
  describeGroups(bench);
  readRanges(bench);
  waitForRanges(bench);
  refuseRanges(bench);
  resumeReading(bench);
  guardGroups(bench);
}

const never = new AbortController().signal;

/** Reads with a group of its own, keeping what comes, and deletes the group. */
async function readAll(port: KafkaPort, ranges: readonly OffsetRange[], options: Partial<ReadOptions> = {}): Promise<KafkaRecord[]> {
  const records: KafkaRecord[] = [];
  const onBatch: ReadOptions["onBatch"] = async (batch) => void records.push(...batch.records.map(copyOf));
  const group = options.group ?? freshPrefix("reader");
  await port.read({ group, ranges, onBatch, stop: never, ...options });
  if (options.group === undefined) await port.deleteGroup(group);
  return records;
}

function describeOffsets(bench: Bench): void {
  test(
    "tells where partitions begin and end, and leaves out topics that are missing",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 2);
      await port.produce(range(0, 7).map(() => record(topic, { key: Buffer.from("one") })));
      const offsets = [...(await port.offsets([topic, freshTopic("missing"), topic]))].sort((a, b) => a.latest - b.latest);
      expect(offsets.map(({ earliest, latest, stable }) => [earliest, latest, stable])).toEqual([
        [0, 0, 0],
        [0, 7, 7],
      ]);
      expect(offsets.map((at) => at.partition).sort()).toEqual([0, 1]);
      expect(await port.offsets([])).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "finds the first record of a time, and the end where there is none",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce([record(topic, {}), record(topic, {})]);
      const before = Date.now();
      await eventually(() => Date.now() > before + 20);
      const between = Date.now();
      await eventually(() => Date.now() > between);
      await port.produce([record(topic, {})]);
      const at = async (timestampMs: number) =>
        (await port.offsetsAt([topic, freshTopic("missing")], timestampMs)).map(({ offset }) => offset);
      expect(await at(0)).toEqual([0]);
      expect(await at(between)).toEqual([2]);
      expect(await at(Date.now() + 60_000)).toEqual([3]);
    },
    TEST_MS,
  );
}

function peekRecords(bench: Bench): void {
  test(
    "looks at the first record of an offset, without a group",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 2);
      const key = Buffer.from("one");
      await port.produce([record(topic, { key }), record(topic, { key, value: Buffer.alloc(300_000) }), record(topic, { key })]);
      const [full] = (await port.offsets([topic])).filter(({ latest }) => latest > 0);
      const partition = full?.partition ?? -1;
      const peek = async (offset: number) => (await port.peek([{ topic, partition, offset }]))[0]?.found;
      for (const offset of [0, 1, 2]) expect(await peek(offset)).toMatchObject({ offset });
      expect(Math.abs(Date.now() - ((await peek(0))?.timestampMs ?? 0))).toBeLessThan(CLOCKS_MS);
      expect(await peek(3)).toBeNull();
      const both = await port.peek([0, 1].map((number) => ({ topic, partition: number, offset: 0 })));
      expect(both.map(({ found }) => found?.offset ?? -1).sort()).toEqual([-1, 0]);
      expect(await port.peek([])).toEqual([]);
    },
    TEST_MS,
  );
}

function describeGroups(bench: Bench): void {
  test(
    "tells of a group before, during and after its life",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      const group = freshPrefix("group");
      await port.produce(numbered(topic, 0, 5));
      expect(await port.describeGroup(group)).toEqual({ group, state: "missing", members: 0 });
      expect(await port.committed(group, [topic, freshTopic("missing")])).toEqual([{ topic, partition: 0, offset: null }]);
      const watched = await bench.consume(port, { topics: [topic], group });
      await eventually(() => watched.records.length >= 5 && watched.consumption.joined);
      await until(async () => (await port.describeGroup(group)).state === "stable");
      expect(await port.describeGroup(group)).toEqual({ group, state: "stable", members: 1 });
      await watched.consumption.stop();
      expect(await port.describeGroup(group)).toEqual({ group, state: "empty", members: 0 });
      expect(await port.committed(group, [topic])).toEqual([{ topic, partition: 0, offset: 5 }]);
      await port.deleteGroup(group);
      expect(await port.describeGroup(group)).toEqual({ group, state: "missing", members: 0 });
      expect(await port.committed(group, [topic])).toEqual([{ topic, partition: 0, offset: null }]);
      await port.deleteGroup(group);
    },
    TEST_MS,
  );
}

function readRanges(bench: Bench): void {
  test(
    "reads ranges of several partitions once, in order, and nothing before or behind them",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 3);
      const other = await bench.topic(port, 1);
      await port.produce([...numbered(topic, 0, 3000), ...numbered(other, 0, 50)]);
      const ends = await port.offsets([topic]);
      const ranges = ends.map(({ partition, latest }) => ({ topic, partition, from: 3, to: latest - 2 }));
      const records = await readAll(port, [...ranges, { topic: other, partition: 0, from: 49, to: 50 }]);
      for (const { partition, latest } of ends) {
        const offsets = records.filter((entry) => entry.topic === topic && entry.partition === partition).map(({ offset }) => offset);
        expect(offsets).toEqual(range(3, latest - 2));
      }
      expect(records.filter((entry) => entry.topic === other).map(numberOf)).toEqual([49]);
    },
    TEST_MS,
  );

  test(
    "ends at once where there is nothing to read, also at the end of the log",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 2);
      await port.produce(range(0, 5).map(() => record(topic, { key: Buffer.from("k") })));
      const ends = await port.offsets([topic]);
      expect(await readAll(port, [])).toEqual([]);
      expect(
        await readAll(
          port,
          ends.map(({ partition, latest }) => ({ topic, partition, from: latest, to: latest })),
        ),
      ).toEqual([]);
      const stopped = AbortSignal.abort();
      expect(await readAll(port, [{ topic, partition: 0, from: 0, to: 100 }], { stop: stopped })).toEqual([]);
    },
    TEST_MS,
  );
}

function waitForRanges(bench: Bench): void {
  test(
    "waits for a range that is not written yet, and ends when it is told to stop",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 3));
      const group = freshPrefix("reader");
      const records: KafkaRecord[] = [];
      const stop = new AbortController();
      let ended = false;
      const reading = port
        .read({
          group,
          ranges: [{ topic, partition: 0, from: 1, to: 100 }],
          onBatch: async (batch) => void records.push(...batch.records.map(copyOf)),
          stop: stop.signal,
        })
        .finally(() => {
          ended = true;
        });
      await eventually(() => records.length >= 2);
      await port.produce(numbered(topic, 3, 6));
      await eventually(() => records.length >= 5);
      expect(ended).toBe(false);
      stop.abort();
      await reading;
      expect(records.map(numberOf)).toEqual(range(1, 6));
      expect(await port.committed(group, [topic])).toEqual([{ topic, partition: 0, offset: 6 }]);
      expect(await port.describeGroup(group)).toMatchObject({ state: "empty", members: 0 });
      await port.deleteGroup(group);
    },
    TEST_MS,
  );

  test(
    "ends when its client closes, and leaves its group",
    async () => {
      const [port, other] = [await bench.port(), await bench.port()];
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 3));
      const group = freshPrefix("reader");
      const records: KafkaRecord[] = [];
      const ranges = [{ topic, partition: 0, from: 0, to: 100 }];
      const reading = port.read({ group, ranges, onBatch: async (batch) => void records.push(...batch.records.map(copyOf)), stop: never });
      await eventually(() => records.length >= 3);
      await port.close();
      await reading;
      // Told by another connection: its leave may still be under way. A session that times out takes longer.
      await until(async () => (await other.describeGroup(group)).members === 0, { timeoutMs: 6_000, what: "it has left" });
      expect(await other.describeGroup(group)).toEqual({ group, state: "empty", members: 0 });
      expect(await other.committed(group, [topic])).toEqual([{ topic, partition: 0, offset: 3 }]);
      await other.deleteGroup(group);
    },
    TEST_MS,
  );
}

function refuseRanges(bench: Bench): void {
  test(
    "names the partitions that are missing, and refuses two ranges of one",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      const missing = freshTopic("missing");
      const of = (name: string, partition: number): OffsetRange => ({ topic: name, partition, from: 0, to: 1 });
      const failure = await failureOf(readAll(port, [of(topic, 0), of(missing, 0), of(topic, 7)]));
      expect([failure?.code, failure?.disposition]).toEqual(["FR3002", "halt"]);
      expect(failure?.message).toContain(`${missing}/0, ${topic}/7`);
      expect((await failureOf(readAll(port, [of(topic, 0), of(topic, 0)])))?.code).toBe("FR1006");
      expect((await failureOf(readAll(port, [{ topic, partition: 0, from: -2, to: 1 }])))?.code).toBe("FR1006");
      const behind = await failureOf(readAll(port, [{ topic, partition: 0, from: 5, to: 9 }]));
      expect([behind?.code, behind?.disposition]).toEqual(["FR3002", "halt"]);
    },
    TEST_MS,
  );
}

function resumeReading(bench: Bench): void {
  test(
    "ends with what a handler throws; what was handled before is committed, and reading goes on from there",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 2);
      await port.produce(numbered(topic, 0, 2000));
      const group = freshPrefix("reader");
      const ranges = (await port.offsets([topic])).map(({ partition, latest }) => ({ topic, partition, from: 0, to: latest }));
      const handled: KafkaRecord[] = [];
      const reason = new Error("enough");
      const onBatch: ReadOptions["onBatch"] = async (batch) => {
        if (handled.length > 0) throw reason;
        handled.push(...batch.records.map(copyOf));
      };
      await expect(port.read({ group, ranges, onBatch, stop: never })).rejects.toBe(reason);
      expect(handled.length).toBeGreaterThan(0);
      const committed = await port.committed(group, [topic]);
      const rest = ranges.map((entry) => ({ ...entry, from: committed.find((at) => at.partition === entry.partition)?.offset ?? -1 }));
      const records = await readAll(port, rest, { group });
      expect([...handled, ...records].map(numberOf).sort((a, b) => a - b)).toEqual(range(0, 2000));
      await port.deleteGroup(group);
    },
    TEST_MS,
  );

  test(
    "begins where the range does, wherever the group had come before",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 30));
      const group = freshPrefix("reader");
      expect((await readAll(port, [{ topic, partition: 0, from: 20, to: 30 }], { group })).map(numberOf)).toEqual(range(20, 30));
      expect((await readAll(port, [{ topic, partition: 0, from: 5, to: 8 }], { group })).map(numberOf)).toEqual([5, 6, 7]);
      expect(await port.committed(group, [topic])).toEqual([{ topic, partition: 0, offset: 8 }]);
      await port.deleteGroup(group);
    },
    TEST_MS,
  );
}

function guardGroups(bench: Bench): void {
  test(
    "refuses to read with, or delete, a group that has members",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 5));
      const live = freshPrefix("group");
      const watched = await bench.consume(port, { topics: [topic], group: live });
      await eventually(() => watched.records.length >= 5);
      const ranges = [{ topic, partition: 0, from: 0, to: 5 }];
      const failure = await failureOf(readAll(port, ranges, { group: live }));
      expect([failure?.code, failure?.disposition]).toEqual(["FR1005", "usage"]);
      expect((await failureOf(port.deleteGroup(live)))?.code).toBe("FR1005");
      expect(await port.committed(live, [topic])).toEqual([{ topic, partition: 0, offset: 5 }]);
    },
    TEST_MS,
  );

  test(
    "refuses a second reader of a group, and the first goes on",
    async () => {
      const port = await bench.port();
      const topic = await bench.topic(port, 1);
      await port.produce(numbered(topic, 0, 5));
      const group = freshPrefix("reader");
      const records: KafkaRecord[] = [];
      const first = port.read({
        group,
        ranges: [{ topic, partition: 0, from: 0, to: 8 }],
        onBatch: async (batch) => void records.push(...batch.records.map(copyOf)),
        stop: never,
      });
      await eventually(() => records.length >= 5);
      const second = await bench.port();
      const failure = await failureOf(readAll(second, [{ topic, partition: 0, from: 0, to: 5 }], { group }));
      expect([failure?.code, failure?.disposition]).toEqual(["FR1005", "usage"]);
      await port.produce(numbered(topic, 5, 8));
      await first;
      expect(records.map(numberOf)).toEqual(range(0, 8));
      await port.deleteGroup(group);
    },
    TEST_MS,
  );
}
