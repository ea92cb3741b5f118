import type { RecordBatch, RecordList, TopicPartition } from "@freshet/kafka/port";
import type { KafkaRecord } from "@freshet/protocol";

/** What this process knows of a partition that it has. */
export interface KnownPosition extends TopicPartition {
  /** The first record that has not ended, as far as it is known. */
  readonly oldest: { readonly offset: number; readonly timestampMs: number } | null;
  /** The offset behind what has ended; `null` before anything has. */
  readonly next: number | null;
  readonly endedTimestampMs: number;
  /** The end of the log when the last batch was fetched. */
  readonly highWatermark: number;
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
  positions(): readonly KnownPosition[];
  /** Whether a record is known that has not ended. */
  hasWork(): boolean;
  readonly assignedCount: number;
}

interface PartitionState extends TopicPartition {
  /** The batch under way; empty when none is. */
  records: RecordList;
  next: number;
  /** The first record that has not ended, as far as it is known. */
  oldest: { readonly offset: number; readonly timestampMs: number } | null;
  endedThrough: number;
  endedTimestampMs: number;
  highWatermark: number;
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
    };
    partitions.set(name, fresh);
    return fresh;
  };

  const look = (state: PartitionState): void => {
    const record = state.records.at(state.next);
    const offset = record?.undecodable?.firstOffset ?? record?.offset;
    if (record === undefined || offset === undefined) state.oldest = null;
    // a record without a timestamp is as old as our knowledge of it
    else if (record.timestampMs > 0) state.oldest = { offset, timestampMs: record.timestampMs };
    else if (state.oldest?.offset !== offset) state.oldest = { offset, timestampMs: clock.nowMs() };
  };

  return {
    batchArrived(batch) {
      const state = stateOf(batch);
      Object.assign(state, { records: batch.records, next: 0, highWatermark: batch.highWatermark });
      look(state);
    },
    sliceSettled(at, records) {
      const state = stateOf(at);
      const last = records.at(-1);
      if (last === undefined) return;
      state.next += records.length;
      state.endedThrough = last.undecodable?.lastOffset ?? last.offset;
      state.endedTimestampMs = last.timestampMs;
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
    positions: () => [...partitions.values()].map(positionOf),
    hasWork: () => partitions.values().some(({ oldest }) => oldest !== null),
    get assignedCount() {
      return partitions.size;
    },
  };
}

function positionOf({ topic, partition, oldest, endedThrough, endedTimestampMs, highWatermark }: PartitionState): KnownPosition {
  return { topic, partition, oldest, next: endedThrough < 0 ? null : endedThrough + 1, endedTimestampMs, highWatermark };
}
