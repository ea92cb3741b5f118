import { setTimeout as pause } from "node:timers/promises";
import { until } from "@freshet/testkit";
import {
  type Admin,
  AssignerProtocol,
  type IHeaders,
  Kafka,
  KafkaJSError,
  KafkaJSProtocolError,
  logLevel,
  Partitioners,
  type Producer,
} from "kafkajs";
import type { SentRecord } from "./oracle.js";

/** A record's place in its topic. */
export interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** Topics as other programs use them: straight with kafkajs. */
export interface Topics {
  create(topics: Readonly<Record<string, { partitions: number; config?: Readonly<Record<string, string>> }>>): Promise<void>;
  /** Sends in order, `perSecond` records a second, or as fast as it goes; answers with the place of each. */
  send(topic: string, records: readonly SentRecord[], perSecond?: number): Promise<Place[]>;
  /** All records of a topic, up to its end as it is now. */
  readAll(topic: string): Promise<ReadRecord[]>;
  /** Records committed by a group, over all partitions of a topic; -1 while the broker cannot say. */
  committed(group: string, topic: string): Promise<number>;
  /** How many partitions each member of a group has. */
  shares(group: string): Promise<number[]>;
  close(): Promise<void>;
}

export interface ReadRecord {
  readonly place: Place;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Values in wire order for each name: kafkajs keeps no order between names. */
  readonly headers: ReadonlyMap<string, readonly (Buffer | null)[]>;
}

const CHUNK = 2000;
const PACED_CHUNKS_PER_SECOND = 20;

/**
 * kafkajs means to write null headers, but asks for the length of null first, which throws. While this runs, null has no
 * length; `Buffer` is shared with other test files of this process, so it is put back.
 */
async function withNullHeaders<T>(work: () => Promise<T>): Promise<T> {
  sending++;
  Buffer.byteLength = (value, encoding) => (value === null ? 0 : byteLength(value, encoding));
  try {
    return await work();
  } finally {
    if (--sending === 0) Buffer.byteLength = byteLength;
  }
}

const { byteLength } = Buffer;
let sending = 0;

/** @param brokers `host:port`, with commas between several. */
export async function openTopics(brokers: string, name: string, requestTimeoutMs = 30_000): Promise<Topics> {
  const kafka = new Kafka({
    clientId: name,
    brokers: brokers.split(","),
    requestTimeout: requestTimeoutMs,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 200, retries: 60, maxRetryTime: 2000 },
  });
  const admin = kafka.admin();
  // Only by its age does stock kafkajs look for new leaders where a broker says nothing at all.
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, metadataMaxAge: requestTimeoutMs });
  await Promise.all([admin.connect(), producer.connect()]);
  return {
    create: async (topics) => {
      const list = Object.entries(topics).map(([topic, { partitions, config = {} }]) => ({
        topic,
        numPartitions: partitions,
        configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      }));
      await admin.createTopics({ topics: list, waitForLeaders: false, timeout: 30_000 }); // kafkajs takes a topic not yet known for an error
      await until(() => areThere(admin, list), { timeoutMs: 90_000, what: "the topics have leaders" });
    },
    send: (topic, records, perSecond) => withNullHeaders(() => send(producer, { topic, records, perSecond })),
    readAll: (topic) => readAll(kafka, admin, topic),
    committed: (group, topic) => committed(admin, group, topic),
    shares: async (group) => {
      const { groups } = await admin.describeGroups([group]);
      return groups.flatMap(({ members }) => members.map(({ memberAssignment }) => partitionsIn(memberAssignment)));
    },
    close: async () => {
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    },
  };
}

/** -1 while the broker cannot say: it has just come back and loads its groups, for one. */
async function committed(admin: Admin, group: string, topic: string): Promise<number> {
  try {
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return (offsets?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  } catch (error) {
    if (error instanceof KafkaJSError) return -1;
    throw error;
  }
}

async function areThere(admin: Admin, wanted: readonly { topic: string; numPartitions: number }[]): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) });
    return wanted.every(({ topic, numPartitions }) =>
      topics.some(({ name, partitions }) => name === topic && partitions.length === numPartitions),
    );
  } catch (error) {
    if (error instanceof KafkaJSProtocolError) return false;
    throw error;
  }
}

function partitionsIn(assignment: Buffer): number {
  const decoded = assignment.length === 0 ? null : AssignerProtocol.MemberAssignment.decode(assignment);
  return Object.values(decoded?.assignment ?? {}).reduce((sum, partitions) => sum + partitions.length, 0);
}

async function send(
  producer: Producer,
  job: { topic: string; records: readonly SentRecord[]; perSecond: number | undefined },
): Promise<Place[]> {
  const { topic, records, perSecond } = job;
  const places: Place[] = [];
  const size = perSecond === undefined ? CHUNK : Math.ceil(perSecond / PACED_CHUNKS_PER_SECOND);
  const startedMs = Date.now();
  for (let from = 0; from < records.length; from += size) {
    const chunk = records.slice(from, from + size);
    const next = await sendChunk(producer, topic, chunk);
    for (const { partition } of chunk) {
      const offset = next.get(partition) ?? -1;
      places.push({ partition, offset });
      next.set(partition, offset + 1);
    }
    // The pace is the point here: a run that lasts as long as it must, with the process under load all the time.
    if (perSecond !== undefined) await pause(Math.max(0, startedMs + ((from + size) * 1000) / perSecond - Date.now()));
  }
  return places;
}

/** The first offset of each partition's records. Stock kafkajs may forget partitions that change their leader meanwhile: these go again. */
async function sendChunk(producer: Producer, topic: string, chunk: readonly SentRecord[]): Promise<Map<number, number>> {
  const next = new Map<number, number>();
  let left = chunk;
  while (left.length > 0) {
    const messages = left.map(({ partition, key, value, headers }) => ({ partition, key, value, headers: headersOf(headers) }));
    const sent = await producer.send({ topic, messages, acks: -1 });
    for (const { partition, baseOffset } of sent) next.set(partition, Number(baseOffset));
    left = left.filter(({ partition }) => !next.has(partition));
  }
  return next;
}

/** kafkajs' types know no null headers. The wire does, and so does its encoder, once `toleratingNull` is in place. */
function headersOf(headers: SentRecord["headers"]): IHeaders {
  const byName: Record<string, (Buffer | null)[]> = {};
  for (const [name, value] of headers) byName[name] = [...(byName[name] ?? []), value];
  return byName as IHeaders;
}

async function readAll(kafka: Kafka, admin: Admin, topic: string): Promise<ReadRecord[]> {
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  const missing = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition));
  if (missing.size === 0) return [];
  const consumer = kafka.consumer({ groupId: `${topic}-reader-${Date.now()}` });
  const records: ReadRecord[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({
        partition,
        message,
      }: {
        partition: number;
        message: { offset: string; key: Buffer | null; value: Buffer | null; headers?: IHeaders };
      }) => {
        const offset = Number(message.offset);
        const end = ends.get(partition) ?? 0;
        if (offset < end)
          records.push({ place: { partition, offset }, key: message.key, value: message.value, headers: listed(message.headers ?? {}) });
        if (offset >= end - 1) missing.delete(partition);
        if (missing.size === 0) resolve();
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records;
}

function listed(headers: IHeaders): Map<string, readonly (Buffer | null)[]> {
  return new Map(
    Object.entries(headers).map(([name, value]) => {
      const values: readonly (Buffer | string | null | undefined)[] = Array.isArray(value) ? value : [value];
      return [name, values.map((one) => (one === null || one === undefined ? null : Buffer.from(one)))];
    }),
  );
}
