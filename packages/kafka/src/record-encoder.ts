import type { RecordHeader } from "@freshet/protocol";
import { codecs } from "./codecs.js";
import { crc32c } from "./crc32c.js";

/** A record as the encoder takes it. */
export interface EncodableRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

const HEADER_BYTES = 61;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;

/**
 * One uncompressed record batch (message format v2) of a producer without an id: bytes as given, null values, null headers
 * and repeated headers in their order included.
 */
export function encodeRecordBatch(records: readonly EncodableRecord[], timestampMs: number): Buffer {
  return batchOf(encodeRecords(records), { count: records.length, timestampMs, codecId: 0 });
}

/** The same, compressed; by the id of a codec as batches have it in their attributes. */
export async function encodeCompressedBatch(records: readonly EncodableRecord[], timestampMs: number, codecId: number): Promise<Buffer> {
  const codec = codecs.get(codecId);
  if (codec === undefined) throw new Error(`there is no codec ${codecId}`);
  const body = await codec.compress(encodeRecords(records));
  return batchOf(body, { count: records.length, timestampMs, codecId });
}

function encodeRecords(records: readonly EncodableRecord[]): Buffer {
  return Buffer.concat(records.map((record, at) => encodeRecord(record, at)));
}

interface BatchHead {
  readonly count: number;
  readonly timestampMs: number;
  readonly codecId: number;
}

function batchOf(body: Buffer, { count, timestampMs, codecId }: BatchHead): Buffer {
  const batch = Buffer.concat([Buffer.alloc(HEADER_BYTES), body]);
  batch.writeBigInt64BE(0n, 0); // the broker gives the offset
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(-1, 12); // leader epoch: the broker's as well
  batch.writeInt8(2, 16);
  batch.writeInt16BE(codecId, ATTRIBUTES_AT);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(BigInt(timestampMs), 27);
  batch.writeBigInt64BE(BigInt(timestampMs), 35);
  batch.writeBigInt64BE(-1n, 43); // producer id, epoch and sequence: none
  batch.writeInt16BE(-1, 51);
  batch.writeInt32BE(-1, 53);
  batch.writeInt32BE(count, 57);
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT), CRC_AT);
  return batch;
}

function encodeRecord(record: EncodableRecord, offsetDelta: number): Buffer {
  const parts: Uint8Array[] = [Buffer.of(0, 0), varint(offsetDelta)]; // attributes, timestamp delta
  appendBytes(parts, record.key);
  appendBytes(parts, record.value);
  parts.push(varint(record.headers.length));
  for (const header of record.headers) {
    appendBytes(parts, header.nameBytes ?? Buffer.from(header.name, "utf8"));
    appendBytes(parts, header.value);
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(body.length), body]);
}

function appendBytes(parts: Uint8Array[], bytes: Uint8Array | null): void {
  parts.push(varint(bytes === null ? -1 : bytes.length));
  if (bytes !== null) parts.push(bytes);
}

/** Zigzag, seven bits a byte, low bits first. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** What one record takes in a batch, at most: for cutting sends to size. */
export function encodedBytesMax(record: EncodableRecord): number {
  let bytes = 32 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers)
    bytes += 10 + (header.nameBytes?.length ?? Buffer.byteLength(header.name)) + (header.value?.length ?? 0);
  return bytes;
}
