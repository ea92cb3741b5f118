import type { KafkaPort, OffsetRange } from "@freshet/kafka";
import type { KafkaRecord } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { type ReadSlicesOptions, type ReplaySlice, readSlices } from "./read-slices.js";

const topic = "shop.products";
const range = (partition: number, to: number, from = 0): OffsetRange => ({ topic, partition, from, to });

function recordAt(partition: number, offset: number, over: Partial<KafkaRecord> = {}): KafkaRecord {
  return { topic, partition, offset, timestampMs: 0, key: null, value: null, headers: [], ...over };
}

/** A broker that hands out these batches, partitions side by side, and then ends as it is told. */
function readerOf(batches: readonly (readonly KafkaRecord[])[], end: () => Promise<void> = async () => {}): Pick<KafkaPort, "read"> {
  return {
    read: async ({ onBatch, stop }) => {
      const byPartition = Map.groupBy(batches, ([first]) => first?.partition ?? 0);
      const handing = [...byPartition].map(async ([partition, some]) => {
        for (const records of some) if (!stop.aborted) await onBatch({ topic, partition, records: [...records], highWatermark: 99 });
      });
      await Promise.all(handing);
      await end();
    },
  };
}

/** Everything is chosen, and no slice does anything. */
function options(over: Partial<ReadSlicesOptions>): ReadSlicesOptions {
  return {
    kafka: readerOf([]),
    group: "g",
    stretches: [[range(0, 10)]],
    choose: async (records) => records.map((record) => ({ record, offset: record.offset, timeMs: 0, letterId: null, isDeclared: true })),
    sliceRecordsMax: 2,
    run: async () => () => {},
    stop: new AbortController().signal,
    ...over,
  };
}

const offsetsOf = ({ items }: ReplaySlice) => items.map(({ offset }) => offset);
const of = (partition: number, ...offsets: readonly number[]) => offsets.map((offset) => recordAt(partition, offset));

/** Longer than promises take that are settled already. */
async function aWhile(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("reading slices", () => {
  test("no slice is under way any more when reading has failed; those before it have come to their end", async () => {
    const slow = Promise.withResolvers<void>();
    const ended: number[][] = [];
    let hasFailed = false;
    const reading = readSlices(
      options({
        kafka: readerOf([of(0, 0, 1, 2, 3)], () => Promise.reject(new Error("the broker is gone"))),
        run: async (slice) => {
          await slow.promise;
          await aWhile();
          return () => void ended.push(offsetsOf(slice));
        },
        onFailure: () => {
          hasFailed = true;
          slow.resolve();
        },
      }),
    );
    slow.resolve();
    await expect(reading).rejects.toThrow("the broker is gone");
    expect([hasFailed, ended]).toEqual([
      true,
      [
        [0, 1],
        [2, 3],
      ],
    ]);
  });

  test("a slice that fails ends the reading only when those of other partitions have ended", async () => {
    let isUnderWay = 0;
    const failed = Promise.withResolvers<void>();
    const run = async ({ partition }: ReplaySlice): Promise<() => void> => {
      if (partition === 0) throw new Error("no memory");
      isUnderWay++;
      await failed.promise;
      await aWhile();
      isUnderWay--;
      return () => {};
    };
    const reading = readSlices(
      options({
        kafka: readerOf([of(1, 0, 1), of(0, 0, 1)]),
        stretches: [[range(0, 10), range(1, 10)]],
        run,
        onFailure: () => failed.resolve(),
      }),
    );
    await expect(reading).rejects.toThrow("no memory");
    expect(isUnderWay).toBe(0);
  });

  test.each([1, 3, 4])("at most %i are chosen, whatever lies in one batch and in how many partitions", async (chosenMax) => {
    const seen: number[] = [];
    const { read } = await readSlices(
      options({
        kafka: readerOf([of(0, 0, 2, 5), of(1, 1, 2, 3)]),
        stretches: [[range(0, 10), range(1, 10)]],
        chosenMax,
        run: async (slice) => {
          seen.push(...offsetsOf(slice));
          return () => {};
        },
      }),
    );
    expect(seen).toHaveLength(chosenMax);
    const again: number[] = [];
    for (const { partition, to } of read.flat()) {
      again.push(...(partition === 0 ? [0, 2, 5] : [1, 2, 3]).filter((offset) => offset < to));
    }
    expect(again.toSorted()).toEqual(seen.toSorted());
  });

  test("a batch that nobody could decode ends with its range", async () => {
    const undecodable = { firstOffset: 4, lastOffset: 12, problem: "it is" };
    const { read } = await readSlices(options({ kafka: readerOf([[recordAt(0, 4, { undecodable })]]), chosenMax: 1 }));
    expect(read).toEqual([[range(0, 10)]]);
  });
});
