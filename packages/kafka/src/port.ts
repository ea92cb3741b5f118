import type { FreshetError, KafkaRecord, RecordHeader } from "@freshet/protocol";

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What is asked of a batch's records; an array does it. They may be made each time they are taken. */
export interface RecordList extends Iterable<KafkaRecord> {
  readonly length: number;
  at(index: number): KafkaRecord | undefined;
  slice(start?: number, end?: number): readonly KafkaRecord[];
  map<T>(make: (record: KafkaRecord, index: number) => T): T[];
}

/** Records of one partition, in offset order; offsets may have gaps (compaction, control records). */
export interface RecordBatch extends TopicPartition {
  readonly records: RecordList;
  /** The end of the log when the batch was fetched: the offset the next record will get. */
  readonly highWatermark: number;
}

/** What a batch handler may do. Every call is about the batch's own partition. */
export interface BatchControl {
  /** Says that every record up to and including this offset has ended. Offsets only ever move forward. */
  ended(offset: number): void;
  /**
   * Commits what has ended now. Rarely needed: the port commits by itself when a handler returns (in a backlog once a
   * second, else at once), and before a partition is handed over. Errors of the group (rebalance, fenced)
   * propagate unchanged: rethrow them.
   */
  commit(): Promise<void>;
  /** Keeps the membership alive; cheap, call it after each slice. Errors as `commit`. */
  heartbeat(): Promise<void>;
  /** True when the handler should finish its slice and return: shutting down, partition lost, rebalance under way. */
  shouldStop(): boolean;
}

/**
 * How a handler ends. `done`: all that was ended is ended; what was not is delivered again. `wait`: infrastructure
 * trouble; the partition is fetched again after `retryAfterMs`, from the first record that has not ended.
 */
export type BatchEnd = { readonly kind: "done" } | { readonly kind: "wait"; readonly error: FreshetError; readonly retryAfterMs: number };

export interface ConsumeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Called for several partitions at once, never twice at once for one. Must not throw for reasons of its own. */
  readonly onBatch: (batch: RecordBatch, control: BatchControl) => Promise<BatchEnd>;
  /** After each join of the group, with everything that is now assigned. Partitions that are missing are lost. */
  readonly onAssigned?: (assigned: readonly TopicPartition[]) => void;
  /** Trouble of the consumer itself (coordinator gone, brokers unreachable): it goes on trying. */
  readonly onTrouble?: (error: FreshetError) => void;
  /**
   * Records were gone before they were read. Consuming goes on with the first that is there; what the lost ones would have
   * busted is for whoever hears this to make good.
   */
  readonly onHole?: (hole: LogHole) => void;
  /** The consumer cannot go on; the process should exit non-zero so that something starts it again. */
  readonly onFatal?: (error: FreshetError) => void;
}

/** Records that nobody can read any more. */
export interface LogHole extends TopicPartition {
  /** The offset that would have been read next. */
  readonly askedOffset: number;
  /** Where reading goes on: the first offset of the log. `null` when the broker did not say. */
  readonly resumedAt: number | null;
  /**
   * `expired`: the records from `askedOffset` up to `resumedAt` were deleted, by retention or by hand. `beyond_end`: the log ends before
   * `askedOffset`, so it is another one or was cut short; it is read from its beginning, and how much was lost is not known.
   */
  readonly cause: "expired" | "beyond_end";
}

/** A running consumer. */
export interface Consumption {
  /** Whether the group was joined at least once. */
  readonly joined: boolean;
  /** When the consumer last showed signs of life (fetch, heartbeat, join), in milliseconds since 1970. */
  readonly lastSeenMs: number;
  /** Stops fetching, lets handlers finish their slice, commits, leaves the group. Safe to call twice. */
  stop(): Promise<void>;
}

export interface ProduceRecord {
  readonly topic: string;
  /** Where to, whatever the key; by the key without it. */
  readonly partition?: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicDescription {
  readonly topic: string;
  readonly partitions: number;
  /** The topic's effective `max.message.bytes`. */
  readonly maxMessageBytes: number;
}

/** What Kafka's access lists speak of, e.g. `READ`. */
export type KafkaRight = "READ" | "WRITE" | "CREATE" | "DELETE" | "ALTER" | "DESCRIBE" | "DESCRIBE_CONFIGS" | "ALTER_CONFIGS";

/** A topic as `freshet doctor` judges it. */
export interface TopicHealth {
  readonly topic: string;
  /** `forbidden`: whether it is there is not told to this user. With `missing` and `forbidden` nothing else is known. */
  readonly state: "there" | "missing" | "forbidden";
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  /** Of the partition that has the fewest. */
  readonly inSyncReplicas: number;
  readonly partitionsWithoutLeader: number;
  /** Effective settings by name; `null` when this user may not read them. */
  readonly settings: ReadonlyMap<string, string> | null;
  /** What this user may do to it; `null` when the broker does not say. */
  readonly rights: ReadonlySet<KafkaRight> | null;
}

/** Brokers, and what they say of some topics and a group. */
export interface ClusterView {
  readonly brokers: readonly { readonly id: number; readonly address: string }[];
  /** What the broker's requests look like, e.g. `Kafka 4.1 or newer`: brokers do not say which release they are. */
  readonly release: string;
  /** In the order in which they were asked for. */
  readonly topics: readonly TopicHealth[];
  /** What this user may do to the group; `null` when the broker does not say. */
  readonly groupRights: ReadonlySet<KafkaRight> | null;
  /** `wait`: the group's coordinator did not answer, as in the first seconds after its broker died; the rest is known all the same. */
  readonly groupTrouble?: FreshetError;
}

/** A stretch of a partition: `from` inclusive, `to` exclusive. */
export interface OffsetRange extends TopicPartition {
  readonly from: number;
  readonly to: number;
}

export interface ReadOptions {
  /** A group of this reading's own: it has no member now, and is left without one. Committed offsets show how far it came. */
  readonly group: string;
  readonly ranges: readonly OffsetRange[];
  /**
   * Called for several partitions at once, never twice at once for one; in offset order, and only with records of the
   * ranges. What has been handled is committed to `group` when it resolves; what it throws ends the reading.
   */
  readonly onBatch: (batch: RecordBatch) => Promise<void>;
  /** Aborted: handlers finish, nothing more is fetched, and the reading resolves. */
  readonly stop: AbortSignal;
}

/** Where the log of a partition begins and ends. */
export interface PartitionOffsets extends TopicPartition {
  /** Of the first record that is still there. */
  readonly earliest: number;
  /** The high watermark: the offset the next record will get. */
  readonly latest: number;
  /** The last stable offset: what lies at or above it belongs to open transactions, or waits behind one. At most `latest`. */
  readonly stable: number;
}

export interface CommittedOffset extends TopicPartition {
  /** The next offset to read, `null` where the group has committed none. */
  readonly offset: number | null;
}

export interface GroupDescription {
  readonly group: string;
  /** `missing` where the brokers do not know it. */
  readonly state: "stable" | "rebalancing" | "empty" | "missing";
  readonly members: number;
}

/** The first record at or after an offset. */
export interface PeekedRecord extends TopicPartition {
  /** `null` where only control records and holes follow. */
  readonly found: { readonly offset: number; readonly timestampMs: number } | null;
}

export interface PeekOptions {
  readonly uncommitted?: boolean;
}

/** Reading beside the live group: what lag, dead letters, replays and explanations are made of. */
export interface LogReading {
  /**
   * Reads committed records of these ranges once, and resolves when each range is read to its end: also where the end is made of
   * control records, aborted transactions or holes that compaction left. Ranges above the last stable offset never end.
   *
   * @throws FreshetError `wait` when the brokers cannot be reached for long, `usage` when the group has members.
   */
  read(options: ReadOptions): Promise<void>;
  /** Beginning and end of each partition of these topics; missing topics are left out. */
  offsets(topics: readonly string[]): Promise<readonly PartitionOffsets[]>;
  /** The first offset whose record is at least this new (milliseconds since 1970), `latest` where there is none. */
  offsetsAt(topics: readonly string[], timestampMs: number): Promise<readonly (TopicPartition & { readonly offset: number })[]>;
  /**
   * The first committed record at or after each of these offsets, without a group; with `uncommitted` that of an open transaction too.
   * Looks for a few seconds at most, and leaves out partitions of which it then knows nothing.
   */
  peek(from: readonly (TopicPartition & { readonly offset: number })[], options?: PeekOptions): Promise<readonly PeekedRecord[]>;
  /** What a group has committed, for each partition of these topics. */
  committed(group: string, topics: readonly string[]): Promise<readonly CommittedOffset[]>;
  describeGroup(group: string): Promise<GroupDescription>;
  /** Deletes a group without members and what it committed; one that is missing is no error. */
  deleteGroup(group: string): Promise<void>;
}

/**
 * The broker: consume, produce, read and the little administration Freshet needs. Implemented over kafkajs and in memory;
 * `kafkaConformance` in the testkit proves that they behave alike. No type of a client library crosses it.
 */
export interface KafkaPort extends LogReading {
  /** Starts consuming from committed offsets, from the beginning where there are none. Returns before the group is joined. */
  consume(options: ConsumeOptions): Promise<Consumption>;
  /**
   * Appends records; returns when the brokers have acknowledged all of them. Bytes and headers arrive as given: null
   * values, null headers and repeated headers included. After an error some may have been appended: sending again is safe
   * for whoever accepts duplicates.
   *
   * @throws FreshetError `wait`, or `halt` when the broker refuses for a reason that time does not mend.
   */
  produce(records: readonly ProduceRecord[]): Promise<void>;
  /** The topics of this list that exist. */
  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]>;
  /** Brokers, the health of these topics, and what this user may do to them and to the group. Changes nothing. */
  inspect(topics: readonly string[], group: string): Promise<ClusterView>;
  /** Creates the topics that are missing; answers with those it created. */
  createTopics(topics: readonly TopicSpec[]): Promise<readonly string[]>;
  /** Ends consumptions and readings as if they were told to stop, then the connections. */
  close(): Promise<void>;
}
