import type { ClusterCalls } from "./cluster-calls.js";
import { nameOfPartition } from "./gate.js";
import { readCommitted, readUncommitted } from "./kafkajs-cluster.js";
import { LATEST, listOffsets } from "./kafkajs-offsets.js";
import type { PeekedRecord, TopicPartition } from "./port.js";
import { createRangeFetcher, type Fetched } from "./range-fetching.js";

type From = TopicPartition & { readonly offset: number };

const LOOK_MS = 4000;
const PATIENCE_MS = 2000;
/** The first batch comes whole whatever this says; more of them are not wanted. */
const BYTES = 16_384;

/** The first record at or after each offset, by fetches that wait for nothing. As `LogReading.peek` says. */
export async function peekRecords(from: readonly From[], uncommitted: boolean, calls: ClusterCalls): Promise<readonly PeekedRecord[]> {
  if (from.length === 0) return [];
  const isolationLevel = uncommitted ? readUncommitted : readCommitted;
  const led = await calls.leaders(from.map(({ topic }) => topic));
  const ends = new Map(
    (await listOffsets(led, { timestamp: LATEST, isolationLevel }, calls)).map((at) => [nameOfPartition(at), at.offset]),
  );
  const stop = AbortSignal.timeout(LOOK_MS);
  const timing = { patienceMs: PATIENCE_MS, fetchWaitMs: 0 };
  const fetcher = createRangeFetcher(led, { calls, stop, timing, maxBytesPerPartition: BYTES, isolationLevel });
  const peeked: PeekedRecord[] = [];
  let left = from.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    from: offset,
    to: ends.get(nameOfPartition({ topic, partition })) ?? 0,
  }));
  while (left.length > 0 && !stop.aborted) {
    const atEnd = left.filter((range) => range.from >= range.to);
    peeked.push(...atEnd.map(({ topic, partition }) => ({ topic, partition, found: null })));
    const open = left.filter((range) => range.from < range.to);
    const fetched = open.length === 0 ? [] : await fetcher.fetch(open.map((range) => ({ range, position: range.from })));
    const found = fetched.flatMap(firstOf);
    peeked.push(...found);
    const known = new Set(found.map(nameOfPartition));
    const moved = new Map(fetched.map(({ range, next }) => [nameOfPartition(range), next]));
    left = open
      .filter((range) => !known.has(nameOfPartition(range)))
      .map((range) => ({ ...range, from: moved.get(nameOfPartition(range)) ?? range.from }));
  }
  return peeked;
}

/** Fetches bring whole batches: what lies before the offset came along. */
function firstOf({ range, batch }: Fetched): PeekedRecord[] {
  const { topic, partition, from } = range;
  for (const { offset, timestampMs } of batch.records) {
    if (offset >= from) return [{ topic, partition, found: { offset, timestampMs } }];
  }
  return [];
}
