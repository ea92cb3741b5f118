import { FreshetError } from "@freshet/protocol";
import type { CompressionTypes, Kafka, Producer } from "kafkajs";
import kafkajs from "kafkajs";
import { type AcknowledgedSender, createAcknowledgedSender } from "./acknowledged-send.js";
import { fromKafkajs, protocolTypeOf } from "./kafka-errors.js";
import { producerSettings } from "./kafkajs-settings.js";
import type { ProduceRecord } from "./port.js";
import type { ListedMessage } from "./produce-encoder.js";
import { encodedBytesMax } from "./record-encoder.js";
import { settlesWithin, within } from "./within.js";

/** The producing side of the port. */
export interface LogProducer {
  produce(records: readonly ProduceRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** What one request carries: a topic's size limit counts the whole batch, so it stays well below the usual 1 MiB. */
const SEND_BYTES_MAX = 512 * 1024;
const SEND_RECORDS_MAX = 2000;
const CONNECT_TIMEOUT_MS = 15_000;
const SEND_TIMEOUT_MS = 20_000;
const ACK_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 3000;

export function createLogProducer(kafka: Pick<Kafka, "producer">): LogProducer {
  let connecting: Promise<Producer> | null = null;
  let isClosed = false;
  const sender = createAcknowledgedSender();
  const underWay = new Set<Promise<void>>();

  const connected = async (): Promise<Producer> => {
    // a handler that was left behind may come so late: its connection would be nobody's to close
    if (isClosed) throw new FreshetError("FR3001", "halt", "the client was closed while producing", "Make another one.");
    connecting ??= connect(kafka, sender).catch((error: unknown) => {
      connecting = null; // the next call tries anew
      throw error;
    });
    return await connecting;
  };

  const sendAll = async (records: readonly ProduceRecord[]): Promise<void> => {
    try {
      const producer = await connected();
      for (const part of cutToSize(records)) await send({ producer, sender }, part);
    } catch (error) {
      throw fromKafkajs(error, "producing");
    }
  };

  return {
    async produce(records) {
      if (records.length === 0) return;
      const sending = sendAll(records);
      underWay.add(sending);
      await sending.finally(() => underWay.delete(sending));
    },
    async close() {
      isClosed = true;
      // A send that is under way when its producer is disconnected makes a new connection, which nobody closes.
      await settlesWithin(CLOSE_TIMEOUT_MS, Promise.allSettled(underWay));
      const last = connecting;
      connecting = null;
      if (last === null) return;
      await settlesWithin(
        CLOSE_TIMEOUT_MS,
        last.then((producer) => producer.disconnect()),
      );
    },
  };
}

async function connect(kafka: Pick<Kafka, "producer">, { createPartitioner }: AcknowledgedSender): Promise<Producer> {
  const producer = kafka.producer({ ...producerSettings, createPartitioner });
  try {
    await within(CONNECT_TIMEOUT_MS, producer.connect(), "connecting a producer");
    return producer;
  } catch (error) {
    producer.disconnect().catch(() => undefined); // it may go on connecting
    throw error;
  }
}

interface Sending {
  readonly producer: Producer;
  readonly sender: AcknowledgedSender;
}

/** What a record that is too large is squeezed with, in this order; all readers know the first, the second squeezes what a producer squeezed best. */
const SQUEEZING: readonly CompressionTypes[] = [kafkajs.CompressionTypes.GZIP, kafkajs.CompressionTypes.ZSTD];

/**
 * A batch that is too large for its topic is sent again in halves, down to single records. A topic's limit is of what is written, so a
 * producer that compresses can put a record there that is many times as large: its dead letter is then compressed too.
 */
async function send(
  by: Sending,
  records: readonly ProduceRecord[],
  squeezing = [kafkajs.CompressionTypes.None, ...SQUEEZING],
): Promise<void> {
  const [compression = kafkajs.CompressionTypes.None, ...tighter] = squeezing;
  try {
    const batch = { timeout: ACK_TIMEOUT_MS, compression, topicMessages: byTopic(records) };
    await within(SEND_TIMEOUT_MS, by.sender.sendAcknowledged(by.producer, batch), "producing");
  } catch (error) {
    const type = protocolTypeOf(error);
    const isTooLarge = type === "MESSAGE_TOO_LARGE" || type === "RECORD_LIST_TOO_LARGE";
    if (!isTooLarge || (records.length === 1 && tighter.length === 0)) throw error;
    if (records.length === 1) return await send(by, records, tighter);
    const half = Math.ceil(records.length / 2);
    await send(by, records.slice(0, half));
    await send(by, records.slice(half));
  }
}

function byTopic(records: readonly ProduceRecord[]): { topic: string; messages: ListedMessage[] }[] {
  const topics = new Map<string, ListedMessage[]>();
  for (const { topic, partition, key, value, headers } of records) {
    if (topic === "") throw new FreshetError("FR3002", "halt", "a record to produce names no topic", "Report it: this is a bug.");
    const place = partition === undefined ? {} : { partition };
    const message = { key: asBuffer(key), value: asBuffer(value), headerList: headers, ...place };
    const messages = topics.get(topic);
    if (messages === undefined) topics.set(topic, [message]);
    else messages.push(message);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}

function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function* cutToSize(records: readonly ProduceRecord[]): Generator<readonly ProduceRecord[]> {
  let part: ProduceRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = encodedBytesMax(record);
    if (part.length > 0 && (bytes + size > SEND_BYTES_MAX || part.length >= SEND_RECORDS_MAX)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(record);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
