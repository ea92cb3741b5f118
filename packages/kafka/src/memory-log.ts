import { FreshetError, type KafkaRecord } from "@freshet/protocol";
import { closableRead } from "./closable-read.js";
import { createMemoryGroup, type MemoryGroup } from "./memory-group.js";
import type { LogView } from "./memory-member.js";
import { MemoryPartition } from "./memory-partition.js";
import { createMemoryReading } from "./memory-reading.js";
import { inspectMemory } from "./memory-view.js";
import type {
  ClusterView,
  Consumption,
  KafkaPort,
  LogReading,
  ProduceRecord,
  TopicDescription,
  TopicPartition,
  TopicSpec,
} from "./port.js";
import { encodedBytesMax } from "./record-encoder.js";

/** A broker in this process: topics, partitions, consumer groups with generations and committed offsets. Nothing is kept on disk. */
export interface MemoryLog {
  /** A client of the broker. Clients share topics and groups. */
  client(): KafkaPort;
  /** Everything in a topic, partition by partition, in offset order. */
  records(topic: string): readonly KafkaRecord[];
  /** The offset a group would start from; `null` when it has committed none. */
  committed(group: string, at: TopicPartition): number | null;
  /** Deletes what lies before this offset, as retention does: a hole for groups that have not read it. Logs are never cut short otherwise. */
  trim(at: TopicPartition, before: number): void;
  /** So many offsets without a record follow: what control records and compaction leave. */
  skip(at: TopicPartition, count: number): void;
  /** What is appended from now on is committed only when the answer is called. */
  openTransaction(at: TopicPartition): () => void;
}

export interface MemoryLogOptions {
  readonly clock: { nowMs(): number };
}

interface Topic {
  readonly partitions: readonly MemoryPartition[];
  readonly maxMessageBytes: number;
  readonly spec: TopicSpec;
  /** Where the next record without a key goes. */
  next: number;
}

const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

export function createMemoryLog(options: MemoryLogOptions): MemoryLog {
  const topics = new Map<string, Topic>();
  const groups = new Map<string, MemoryGroup>();
  const { clock } = options;

  const partition = (at: TopicPartition): MemoryPartition => topics.get(at.topic)?.partitions[at.partition] ?? new MemoryPartition();
  const view: LogView = { clock, partitionsOf: (topic) => topics.get(topic)?.partitions.length ?? 0, ...viewsOf(partition) };

  const group = (id: string): MemoryGroup => {
    const known = groups.get(id) ?? createMemoryGroup(view);
    groups.set(id, known);
    return known;
  };

  const reading = createMemoryReading({
    partitions: (topic) => topics.get(topic)?.partitions,
    group,
    knownGroup: (id) => groups.get(id),
    forgetGroup: (id) => groups.delete(id),
  });
  const wakeAll = (): void => {
    for (const known of groups.values()) known.wake();
  };

  const broker: Broker = {
    reading,
    join(wanted) {
      const missing = wanted.topics.filter((topic) => !topics.has(topic));
      if (missing.length > 0) throw missingTopics(missing);
      return group(wanted.group).join(wanted);
    },
    append(records) {
      for (const record of records) checkRecord(record, topics.get(record.topic));
      for (const record of records) append(record, topics.get(record.topic), clock.nowMs());
      wakeAll();
    },
    inspect: (names) => inspectMemory(names.map((topic) => ({ topic, spec: topics.get(topic)?.spec }))),
    describe: (names) => names.flatMap((topic) => describe(topic, topics.get(topic))),
    create(specs) {
      const wanted = specs.filter((spec) => !topics.has(spec.topic));
      for (const spec of wanted) topics.set(spec.topic, newTopic(spec));
      return [...new Set(wanted.map((spec) => spec.topic))];
    },
  };

  return {
    client: () => createClient(broker),
    records: (topic) => topics.get(topic)?.partitions.flatMap((entry) => entry.records()) ?? [],
    committed: (id, at) => groups.get(id)?.committed(at) ?? null,
    trim(at, before) {
      partition(at).trim(before);
      wakeAll();
    },
    skip(at, count) {
      partition(at).skip(count);
      wakeAll();
    },
    openTransaction(at) {
      const end = partition(at).openTransaction();
      return () => {
        end();
        wakeAll();
      };
    },
  };
}

function viewsOf(partition: (at: TopicPartition) => MemoryPartition): Pick<LogView, "read" | "earliest" | "end"> {
  return {
    read: (at, offset, count) => partition(at).read(offset, { count }),
    earliest: (at) => partition(at).offsets().earliest,
    end: (at) => partition(at).offsets().latest,
  };
}

interface Broker {
  readonly reading: LogReading;
  join(wanted: Parameters<KafkaPort["consume"]>[0]): Consumption;
  append(records: readonly ProduceRecord[]): void;
  describe(topics: readonly string[]): readonly TopicDescription[];
  inspect(topics: readonly string[]): ClusterView;
  create(specs: readonly TopicSpec[]): readonly string[];
}

function createClient(broker: Broker): KafkaPort {
  const consumptions = new Set<Consumption>();
  const { read, end } = closableRead(broker.reading.read);
  return {
    async consume(wanted) {
      const consumption = broker.join(wanted);
      consumptions.add(consumption);
      return consumption;
    },
    produce: async (records) => broker.append(records),
    describeTopics: async (topics) => broker.describe(topics),
    inspect: async (topics) => broker.inspect(topics),
    createTopics: async (topics) => broker.create(topics),
    ...broker.reading,
    read,
    async close() {
      await end();
      await Promise.all([...consumptions].map((consumption) => consumption.stop()));
    },
  };
}

function newTopic(spec: TopicSpec): Topic {
  const maxMessageBytes = Number(spec.config["max.message.bytes"] ?? DEFAULT_MAX_MESSAGE_BYTES);
  return { partitions: Array.from({ length: Math.max(1, spec.partitions) }, () => new MemoryPartition()), maxMessageBytes, spec, next: 0 };
}

function describe(topic: string, known: Topic | undefined): readonly TopicDescription[] {
  return known === undefined ? [] : [{ topic, partitions: known.partitions.length, maxMessageBytes: known.maxMessageBytes }];
}

function missingTopics(topics: readonly string[]): FreshetError {
  const problem = `these topics do not exist, or may not be described: ${topics.join(", ")}`;
  return new FreshetError("FR3002", "halt", problem, "Create them, or correct their names in the rules file.");
}

function checkRecord(record: ProduceRecord, topic: Topic | undefined): void {
  if (topic === undefined) throw missingTopics([record.topic]);
  if (encodedBytesMax(record) <= topic.maxMessageBytes) return;
  const problem = `the broker refused a record while producing: MESSAGE_TOO_LARGE`;
  throw new FreshetError("FR3003", "halt", problem, "Raise the topic's max.message.bytes.");
}

function append(record: ProduceRecord, topic: Topic | undefined, timestampMs: number): void {
  if (topic === undefined) return;
  const count = topic.partitions.length;
  const partition = record.partition ?? (record.key === null ? topic.next++ % count : hashOf(record.key) % count);
  const headers = record.headers.map((header) => ({ ...header, value: copyOf(header.value) }));
  const { topic: name } = record;
  const copied = { timestampMs, key: copyOf(record.key), value: copyOf(record.value), headers };
  topic.partitions[partition]?.append((offset) => ({ topic: name, partition, offset, ...copied }));
}

function copyOf(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : Uint8Array.from(bytes);
}

/** FNV-1a: equal keys share a partition, and that is all anybody may rely on. */
function hashOf(key: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
