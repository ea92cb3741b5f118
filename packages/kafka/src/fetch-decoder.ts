import type { RecordList, TopicPartition } from "./port.js";
import { type AbortedTransaction, type DecodeOptions, decodeRecordSet, type UnpackingRoom, unpackingRoom } from "./record-batch-decoder.js";
import { WireReader } from "./wire-reader.js";

/**
 * Stands in kafkajs' list of messages for everything a partition's fetch brought. kafkajs then has one message to wrap,
 * filter and count, whose offset is the last one; the adapter takes the records out.
 */
export class FlatMessages {
  readonly offset: string;
  readonly records: RecordList;
  readonly key = null;
  readonly value = null;
  readonly headers = {};
  readonly timestamp = "0";
  readonly attributes = 0;
  readonly isControlRecord = false;
  readonly batchContext = {};

  constructor(records: RecordList, lastOffset: number) {
    this.offset = String(lastOffset);
    this.records = records;
  }
}

/** One partition of a fetch response, in the shape kafkajs works with. */
interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly lastStartOffset: string;
  /** Empty: aborted transactions are left out here already. */
  readonly abortedTransactions: readonly [];
  readonly preferredReadReplica: number;
  readonly messages: readonly FlatMessages[];
}

export interface FetchResponse {
  readonly throttleTime: 0;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
}

/** Decodes the response to Fetch, version 11 (Kafka 2.3 and newer). */
export async function decodeFetchResponse(bytes: Buffer): Promise<FetchResponse> {
  const reader = new WireReader(bytes);
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  const sessionId = reader.int32();
  const room = unpackingRoom();
  const responses = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topicName = reader.string();
    const partitions = [];
    for (let count = reader.int32(); count > 0; count--) partitions.push(await readPartition(reader, topicName, room));
    responses.push({ topicName, partitions });
  }
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

async function readPartition(reader: WireReader, topic: string, room: UnpackingRoom): Promise<FetchedPartition> {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = String(reader.int64());
  const lastStableOffset = String(reader.int64());
  const lastStartOffset = String(reader.int64());
  const aborted: AbortedTransaction[] = [];
  for (let count = reader.int32(); count > 0; count--) aborted.push({ producerId: reader.int64(), firstOffset: reader.int64() });
  const preferredReadReplica = reader.int32();
  const messages = await readMessages(reader.view(Math.max(0, reader.int32())), { topic, partition }, { aborted, room });
  return {
    partition,
    errorCode,
    highWatermark,
    lastStableOffset,
    lastStartOffset,
    abortedTransactions: [],
    preferredReadReplica,
    messages,
  };
}

async function readMessages(bytes: Buffer, source: TopicPartition, options: DecodeOptions): Promise<readonly FlatMessages[]> {
  const { records, lastOffset } = await decodeRecordSet(bytes, source, options);
  return lastOffset < 0 ? [] : [new FlatMessages(records, lastOffset)];
}
