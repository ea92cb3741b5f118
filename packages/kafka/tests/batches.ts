import { codecs } from "../src/codecs.js";
import { crc32c } from "../src/crc32c.js";
import { type EncodableRecord, encodeRecordBatch } from "../src/record-encoder.js";

/** What a batch should be, beyond its records. */
export interface BatchFields {
  readonly firstOffset?: number;
  readonly lastOffsetDelta?: number;
  readonly attributes?: number;
  readonly producerId?: number;
  readonly count?: number;
  readonly maxTimestampMs?: number;
  /** In place of the encoded records. */
  readonly payload?: Buffer;
}

export const GZIP = 1;
export const SNAPPY = 2;
export const LZ4 = 3;
export const ZSTD = 4;
export const APPEND_TIME = 8;
export const TRANSACTIONAL = 16;
export const CONTROL = 32;

const HEADER_BYTES = 61;

/** A record batch as a broker would store it. */
export function batchOf(records: readonly EncodableRecord[], fields: BatchFields = {}): Buffer {
  const plain = encodeRecordBatch(records, 1000);
  const batch = Buffer.concat([plain.subarray(0, HEADER_BYTES), fields.payload ?? plain.subarray(HEADER_BYTES)]);
  batch.writeBigInt64BE(BigInt(fields.firstOffset ?? 0), 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt16BE(fields.attributes ?? 0, 21);
  batch.writeInt32BE(fields.lastOffsetDelta ?? Math.max(0, records.length - 1), 23);
  batch.writeBigInt64BE(BigInt(fields.maxTimestampMs ?? 1000), 35);
  batch.writeBigInt64BE(BigInt(fields.producerId ?? -1), 43);
  batch.writeInt32BE(fields.count ?? records.length, 57);
  batch.writeUInt32BE(crc32c(batch, 21), 17);
  return batch;
}

/** The same records, compressed. */
export async function compressedBatchOf(codecId: number, records: readonly EncodableRecord[], fields: BatchFields = {}): Promise<Buffer> {
  const payload = await compressed(codecId, encodeRecordBatch(records, 1000).subarray(HEADER_BYTES));
  return batchOf(records, { ...fields, attributes: (fields.attributes ?? 0) | codecId, payload });
}

export async function compressed(codecId: number, bytes: Buffer): Promise<Buffer> {
  const codec = codecs.get(codecId);
  if (codec === undefined) throw new Error(`no codec ${codecId}`);
  return codec.compress(bytes);
}

/** A record with this value. */
export function valued(value: string): EncodableRecord {
  return { key: null, value: Buffer.from(value), headers: [] };
}

/** The bytes of records with these offsets within their batch, between -64 and 63, each with its number for a value. */
export function recordsAt(offsetDeltas: readonly number[]): Buffer {
  const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
  return Buffer.concat(
    offsetDeltas.map((delta, at) => {
      const value = Buffer.from(String(at));
      const body = Buffer.of(0, 0, zigzag(delta), zigzag(-1), zigzag(value.length), ...value, 0);
      return Buffer.of(zigzag(body.length), ...body);
    }),
  );
}

/** The bytes of a batch's first record, which has as many headers without name and value. */
export function recordOfHeaders(count: number): Buffer {
  const head = Buffer.concat([Buffer.of(0, 0, 0, 1, 1), varint(count)]);
  return Buffer.concat([varint(head.length + 2 * count), head, Buffer.alloc(2 * count, Buffer.of(0, 1))]);
}

/** Of a number from 0 on. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = 2 * value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.of(...bytes, rest);
}

/** What a transaction ends with. */
export function endOfTransaction(kind: "abort" | "commit"): EncodableRecord {
  return { key: Buffer.from([0, 0, 0, kind === "abort" ? 0 : 1]), value: Buffer.alloc(6), headers: [] };
}
