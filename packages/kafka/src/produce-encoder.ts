import type { RecordHeader } from "@freshet/protocol";
import { encodeCompressedBatch, encodeRecordBatch } from "./record-encoder.js";

/** A message with this list is encoded by us; kafkajs hands messages through untouched. */
export interface ListedMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headerList: readonly RecordHeader[];
}

/** What kafkajs builds a produce request of. */
export interface ProduceOptions {
  readonly acks: number;
  readonly compression?: number;
  readonly timeout: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly (ListedMessage | object)[] }[];
  }[];
}

/** kafkajs' own encoder, as far as it is used here. */
export interface WireEncoder {
  writeString(text: string | null): WireEncoder;
  writeInt16(value: number): WireEncoder;
  writeInt32(value: number): WireEncoder;
  writeBuffer(bytes: Buffer): WireEncoder;
}

/** Whether all of a request is ours to encode. */
export function isListed(options: Pick<ProduceOptions, "topicData">): boolean {
  return options.topicData.every((topic) => topic.partitions.every((entry) => entry.messages.every(hasHeaderList)));
}

function hasHeaderList(message: ListedMessage | object): message is ListedMessage {
  return "headerList" in message;
}

/** A produce request, from version 3 on, behind its head. */
export async function encodeProduce(options: ProduceOptions, Encoder: new (bytes: number) => WireEncoder): Promise<WireEncoder> {
  const codecId = options.compression ?? 0;
  const timestampMs = Date.now();
  const encoder = new Encoder(1024).writeString(null).writeInt16(options.acks).writeInt32(options.timeout);
  encoder.writeInt32(options.topicData.length);
  for (const { topic, partitions } of options.topicData) {
    encoder.writeString(topic).writeInt32(partitions.length);
    for (const { partition, messages } of partitions) {
      const records = messages.filter(hasHeaderList).map(({ key, value, headerList }) => ({ key, value, headers: headerList }));
      const batch = codecId === 0 ? encodeRecordBatch(records, timestampMs) : await encodeCompressedBatch(records, timestampMs, codecId);
      encoder.writeInt32(partition).writeInt32(batch.length).writeBuffer(batch);
    }
  }
  return encoder;
}
