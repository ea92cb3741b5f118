import type { BatchEnd, ConsumeOptions, Consumption, KafkaPort, LogHole, ProduceRecord, TopicPartition } from "@freshet/kafka";
import { asFreshetError, type FreshetError, type KafkaRecord, type RecordHeader } from "@freshet/protocol";
import { freshPrefix, freshTopic } from "./fresh.js";
import { until } from "./until.js";

/** Makes a client. Every call of one suite gives another client of the same broker. */
export type MakeKafkaPort = () => KafkaPort | Promise<KafkaPort>;

/** Deletes the records of a partition that lie before an offset, as retention does. */
export type DeleteBefore = (at: TopicPartition, offset: number) => Promise<void> | void;

/** A test may take as long as several rebalances. */
export const TEST_MS = 180_000;
/** How far the clocks of brokers may be from ours. */
export const CLOCKS_MS = 60_000;
const UNTIL_MS = 40_000;

/** What the tests of a log have at hand. */
export interface Bench {
  port(): Promise<KafkaPort>;
  /** A new topic with as many partitions. */
  topic(port: KafkaPort, partitions: number): Promise<string>;
  /** Consumes with a handler that keeps and ends everything, or with the one given. */
  consume(port: KafkaPort, options: BenchConsume): Promise<Watched>;
  readonly deleteBefore: DeleteBefore;
  close(): Promise<void>;
}

export interface BenchConsume extends Pick<ConsumeOptions, "topics"> {
  readonly group?: string;
  readonly onBatch?: (...given: [...Parameters<ConsumeOptions["onBatch"]>, Watched]) => Promise<BatchEnd>;
}

/** A consumption and what it was given. */
export interface Watched {
  readonly consumption: Consumption;
  readonly records: KafkaRecord[];
  readonly troubles: FreshetError[];
  readonly holes: LogHole[];
  assigned: number;
}

export const done: BatchEnd = { kind: "done" };

export function createBench(makePort: MakeKafkaPort, deleteBefore: DeleteBefore): Bench {
  const ports: KafkaPort[] = [];
  return {
    deleteBefore,
    async port() {
      const port = await makePort();
      ports.push(port);
      return port;
    },
    async topic(port, partitions) {
      const topic = freshTopic("conformance");
      await port.createTopics([{ topic, partitions, replicationFactor: -1, config: {} }]);
      return topic;
    },
    async consume(port, { topics, group = freshPrefix("group"), onBatch = endAll }) {
      const records: KafkaRecord[] = [];
      const troubles: FreshetError[] = [];
      const holes: LogHole[] = [];
      const idle: Consumption = { joined: false, lastSeenMs: 0, stop: async () => undefined };
      const watched = { consumption: idle, records, troubles, holes, assigned: 0 };
      watched.consumption = await port.consume({
        group,
        topics,
        onBatch: (batch, control) => onBatch(batch, control, watched),
        onAssigned: (assigned) => {
          watched.assigned = assigned.length;
        },
        onTrouble: (error) => troubles.push(error),
        onHole: (hole) => holes.push(hole),
      });
      return watched;
    },
    async close() {
      await Promise.all(ports.splice(0).map((port) => port.close()));
    },
  };
}

/** Keeps and ends everything. */
export const endAll: NonNullable<BenchConsume["onBatch"]> = async (batch, control, watched) => {
  // bytes may be views that live as long as the handler
  watched.records.push(...batch.records.map(copyOf));
  control.ended(batch.records.at(-1)?.offset ?? -1);
  await control.commit();
  await control.heartbeat();
  return done;
};

/** Ten keys in turn, so that every partition of a few gets some. */
export function numbered(topic: string, from: number, to: number): ProduceRecord[] {
  return range(from, to).map((number) => record(topic, { key: Buffer.from(`key-${number % 10}`), value: Buffer.from(String(number)) }));
}

export function oddRecords(topic: string): ProduceRecord[] {
  const value = Buffer.from([0, 255, 128, 10]);
  const header = (name: string, bytes: Uint8Array | null) => ({ name, value: bytes });
  return [
    record(topic, { key: null, value: null }),
    record(topic, { key: Buffer.of(), value: Buffer.of() }),
    record(topic, { key: value, value, headers: [header("empty", Buffer.of()), header("null", null), header("", value)] }),
    record(topic, { headers: [header("a", value), header("b", null), header("a", Buffer.of(1)), header("a", null), header("1", value)] }),
    record(topic, {
      headers: ["__proto__", "constructor", "toString", "hasOwnProperty", "ключ", "2", "1"].map((name) => header(name, value)),
    }),
    record(topic, { headers: [{ ...header(Buffer.of(0x61, 0xff, 0x62).toString(), value), nameBytes: Buffer.of(0x61, 0xff, 0x62) }] }),
    record(topic, { key: Buffer.of(0, 0, 0, 0), value: Buffer.from("no abort marker") }),
    record(topic, { headers: range(0, 300).map((at) => header(`h${at % 7}`, Buffer.alloc(at))) }),
  ];
}

export function record(topic: string, fields: Partial<Omit<ProduceRecord, "topic">>): ProduceRecord {
  return { topic, key: null, value: Buffer.from("v"), headers: [], ...fields };
}

export function copyOf({ topic, partition, offset, timestampMs, key, value, headers }: KafkaRecord): KafkaRecord {
  const copy = (bytes: Uint8Array | null) => (bytes === null ? null : Uint8Array.from(bytes));
  const copied = headers.map((header) => ({ ...header, value: copy(header.value) }));
  return { topic, partition, offset, timestampMs, key: copy(key), value: copy(value), headers: copied };
}

export function numberOf(given: KafkaRecord): number {
  return Number(textOf(given.value));
}

export function textOf(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString("utf8");
}

export function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString("hex");
}

export function hexed({ name, value, nameBytes = Buffer.from(name) }: RecordHeader): readonly [string, string | null, string | null] {
  return [name, hex(nameBytes), hex(value)];
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
}

export async function failureOf(promise: Promise<unknown>): Promise<FreshetError | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    return asFreshetError(error);
  }
}

/** `until`, with time for a rebalance. */
export function eventually(holds: () => boolean): Promise<void> {
  return until(holds, { timeoutMs: UNTIL_MS });
}
