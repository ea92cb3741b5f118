import type { MemoryGroup } from "./memory-group.js";
import type { MemoryPartition } from "./memory-partition.js";
import type { LogReading, OffsetRange, ReadOptions, TopicPartition } from "./port.js";
import { checkRanges, groupHasMembers, rangeIsGone } from "./reading-checks.js";

/** What reading sees of the broker in memory. */
export interface ReadingView {
  /** `undefined` where there is no such topic. */
  partitions(topic: string): readonly MemoryPartition[] | undefined;
  /** The group, made where it is missing. */
  group(id: string): MemoryGroup;
  knownGroup(id: string): MemoryGroup | undefined;
  forgetGroup(id: string): void;
}

const BATCH_RECORDS_MAX = 500;

export function createMemoryReading(view: ReadingView): LogReading {
  const eachPartition = <T>(topics: readonly string[], make: (at: TopicPartition, partition: MemoryPartition) => T): T[] =>
    [...new Set(topics)].flatMap((topic) => (view.partitions(topic) ?? []).map((found, partition) => make({ topic, partition }, found)));
  return {
    read: (options) => read(options, view),
    offsets: async (topics) => eachPartition(topics, (at, partition) => ({ ...at, ...partition.offsets() })),
    offsetsAt: async (topics, timestampMs) =>
      eachPartition(topics, (at, partition) => ({ ...at, offset: partition.offsetAt(timestampMs) })),
    peek: async (from, { uncommitted = false } = {}) =>
      from.flatMap(({ topic, partition, offset }) => {
        const [record] = view.partitions(topic)?.[partition]?.read(offset, { count: 1, uncommitted }).records ?? [];
        return [{ topic, partition, found: record === undefined ? null : { offset: record.offset, timestampMs: record.timestampMs } }];
      }),
    committed: async (group, topics) => eachPartition(topics, (at) => ({ ...at, offset: view.knownGroup(group)?.committed(at) ?? null })),
    describeGroup: async (group) => ({ group, ...(view.knownGroup(group)?.describe() ?? { state: "missing", members: 0 }) }),
    async deleteGroup(group) {
      if ((view.knownGroup(group)?.describe().members ?? 0) > 0) throw groupHasMembers(group);
      view.forgetGroup(group);
    },
  };
}

async function read(options: ReadOptions, view: ReadingView): Promise<void> {
  const found = (at: TopicPartition) => view.partitions(at.topic)?.[at.partition];
  checkRanges(options.ranges, (at) => found(at) !== undefined);
  const group = view.group(options.group);
  if (group.describe().members > 0) throw groupHasMembers(options.group);
  const release = group.hold();
  const failed = new AbortController();
  const stop = AbortSignal.any([options.stop, failed.signal]);
  const wake = (): void => group.wake();
  stop.addEventListener("abort", wake);
  try {
    for (const range of options.ranges) group.commit(range, range.from);
    const endings = options.ranges.map(async (range) => {
      const partition = found(range);
      if (partition === undefined) return;
      await readRange(range, { options, group, partition, stop }).catch((error: unknown) => {
        failed.abort();
        throw error;
      });
    });
    const failure = (await Promise.allSettled(endings)).find((ending) => ending.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  } finally {
    stop.removeEventListener("abort", wake);
    release();
  }
}

interface RangeReading {
  readonly options: ReadOptions;
  readonly group: MemoryGroup;
  readonly partition: MemoryPartition;
  readonly stop: AbortSignal;
}

async function readRange(range: OffsetRange, { options, group, partition, stop }: RangeReading): Promise<void> {
  const { topic, partition: number, to } = range;
  let position = range.from;
  while (position < to && !stop.aborted) {
    const { records, next } = partition.read(position, { count: BATCH_RECORDS_MAX, to });
    if (next === position) {
      if (position > partition.offsets().latest) throw rangeIsGone(range, { position, end: partition.offsets().latest });
      await group.woken();
      continue;
    }
    const { latest } = partition.offsets();
    if (records.length > 0) await options.onBatch({ topic, partition: number, records, highWatermark: latest });
    position = next;
    group.commit(range, Math.min(position, Math.max(to, range.from)));
  }
}
