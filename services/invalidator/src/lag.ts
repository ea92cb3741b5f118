import type { RecordBatch, RecordList, TopicPartition } from "@freshet/kafka/port";
import type { KafkaRecord } from "@freshet/protocol";

/** How far behind a partition is. Both are 0 when it is caught up. */
export interface LagReading extends TopicPartition {
  readonly records: number;
  /** Age of the oldest record that has not ended, in milliseconds. */
  readonly oldestAgeMs: number;
}

/**
 * What of each assigned partition has not ended yet, by what the consumer saw of it. The oldest record's age is its own:
 * not a guess from offsets.
 */
export interface Lag {
  batchArrived(batch: RecordBatch): void;
  /** The next `records.length` records of the partition's batch have ended. */
  sliceSettled(at: TopicPartition, records: readonly KafkaRecord[]): void;
  batchEnded(at: TopicPartition): void;
  /** Partitions that are missing are forgotten. */
  assigned(partitions: readonly TopicPartition[]): void;
  readings(): readonly LagReading[];
  /** Whether a record is known that has not ended. */
  hasWork(): boolean;
  readonly assignedCount: number;
}

/**
 * A partition whose last record has ended may still end below its high watermark: control records of transactions and
 * compacted tails are never handed over. When nothing comes for so long, nothing is behind.
 */
const QUIET_MS = 30_000;

interface PartitionState extends TopicPartition {
  /** The batch under way; empty when none is. */
  records: RecordList;
  next: number;
  /** The first record that has not ended, as far as it is known. */
  oldest: { readonly offset: number; readonly timestampMs: number } | null;
  endedThrough: number;
  endedTimestampMs: number;
  highWatermark: number;
  movedMs: number;
}

export function createLag(clock: { nowMs(): number }): Lag {
  const partitions = new Map<string, PartitionState>();

  const stateOf = ({ topic, partition }: TopicPartition): PartitionState => {
    const name = `${topic}/${partition}`;
    const known = partitions.get(name);
    if (known !== undefined) return known;
    const fresh = {
      topic,
      partition,
      records: [],
      next: 0,
      oldest: null,
      endedThrough: -1,
      endedTimestampMs: 0,
      highWatermark: 0,
      movedMs: 0,
    };
    partitions.set(name, fresh);
    return fresh;
  };

  const look = (state: PartitionState): void => {
    const record = state.records.at(state.next);
    state.oldest = record === undefined ? null : { offset: record.offset, timestampMs: record.timestampMs };
  };

  return {
    batchArrived(batch) {
      const state = stateOf(batch);
      Object.assign(state, { records: batch.records, next: 0, highWatermark: batch.highWatermark, movedMs: clock.nowMs() });
      look(state);
    },
    sliceSettled(at, records) {
      const state = stateOf(at);
      const last = records.at(-1);
      if (last === undefined) return;
      state.next += records.length;
      state.endedThrough = last.undecodable?.lastOffset ?? last.offset;
      state.endedTimestampMs = last.timestampMs;
      state.movedMs = clock.nowMs();
      look(state);
    },
    batchEnded(at) {
      Object.assign(stateOf(at), { records: [], next: 0 }); // its bytes may go; `oldest` stays
    },
    assigned(wanted) {
      const kept = new Set(wanted.map(({ topic, partition }) => `${topic}/${partition}`));
      for (const name of partitions.keys()) if (!kept.has(name)) partitions.delete(name);
      for (const at of wanted) stateOf(at);
    },
    readings: () => [...partitions.values()].map((state) => read(state, clock.nowMs())),
    hasWork: () => partitions.values().some(({ oldest }) => oldest !== null),
    get assignedCount() {
      return partitions.size;
    },
  };
}

function read(state: PartitionState, nowMs: number): LagReading {
  const { topic, partition, oldest, highWatermark, endedThrough } = state;
  if (oldest !== null) {
    return { topic, partition, records: Math.max(1, highWatermark - oldest.offset), oldestAgeMs: ageMs(oldest.timestampMs, state, nowMs) };
  }
  const records = Math.max(0, highWatermark - endedThrough - 1);
  if (records === 0 || nowMs - state.movedMs > QUIET_MS) return { topic, partition, records: 0, oldestAgeMs: 0 };
  return { topic, partition, records, oldestAgeMs: ageMs(state.endedTimestampMs, state, nowMs) };
}

/** A record without a timestamp is as old as our knowledge of it. */
function ageMs(timestampMs: number, state: PartitionState, nowMs: number): number {
  return Math.max(0, nowMs - (timestampMs > 0 ? timestampMs : state.movedMs));
}
