import type { KafkaRecord, RecordHeader } from "@freshet/protocol";
import { codecs } from "./codecs.js";
import { crc32c } from "./crc32c.js";
import { type FlatBatch, FlatRecord } from "./flat-record.js";
import { FlatRecords } from "./flat-records.js";
import type { TopicPartition } from "./port.js";
import { MalformedBytes, WireReader } from "./wire-reader.js";

/** What a fetched stretch of a partition held. */
export interface DecodedRecords {
  readonly records: FlatRecords;
  /** The last offset the bytes account for, control records and compacted tails included; -1 when they hold no whole batch. */
  readonly lastOffset: number;
}

/** A transaction that was aborted: its records from `firstOffset` on, up to its abort marker, do not count. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** What one batch may decompress to. More is a bomb, or a producer nobody can serve in bounded memory. */
export const BATCH_BYTES_MAX = 64 * 1024 * 1024;

/** Once the batches of one fetch have unpacked to so much, the others wait: a fetch holds at most this and one batch more. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * How many bytes may still be unpacked: batches that squeeze well are small as they are fetched, and lie in memory together. kafkajs
 * asks for partitions in another order each time, so that none of them goes without for long.
 */
export interface UnpackingRoom {
  bytes: number;
}

export function unpackingRoom(): UnpackingRoom {
  return { bytes: UNPACKED_BYTES_MAX };
}

const HEADER_BYTES = 61;
/** Length, attributes, two deltas, key, value and header count, each a byte. */
const RECORD_BYTES_MIN = 7;
const LENGTH_END = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const CODEC_MASK = 0x07;
const APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/**
 * Decodes the record batches of one partition of a fetch response (message format v2) into records, flat and in one pass.
 * Keys, values and header values are views on the response or on its decompressed batch: whoever keeps one beyond the
 * handler copies it. A batch that cannot be decoded becomes one marker record with its range; nothing here throws. What there is no
 * more room to unpack is left for the next fetch, as is what the fetch cut off.
 */
export async function decodeRecordSet(
  bytes: Buffer,
  source: TopicPartition,
  { aborted = [], room = unpackingRoom() }: DecodeOptions = {},
): Promise<DecodedRecords> {
  const records = new FlatRecords();
  const transactions = createAbortFilter(aborted);
  let lastOffset = -1;
  let at = 0;
  while (bytes.length - at >= MAGIC_AT + 1) {
    const end = Math.max(at + MAGIC_AT + 1, at + LENGTH_END + bytes.readInt32BE(at + 8));
    if (end > bytes.length) break; // cut off by the fetch's size limit: the next fetch has it whole
    const batch = bytes.subarray(at, end);
    const header = readHeader(batch);
    if (room.bytes <= 0 && (header.attributes & CODEC_MASK) !== 0) break;
    at = end;
    lastOffset = header.lastOffset;
    if (header.problem !== null) {
      records.addMarker(marker(source, header, header.problem));
      continue;
    }
    if (transactions.skips(header, batch)) continue;
    try {
      await appendRecords(records, batch, { header, source, room });
    } catch (error) {
      const damage = isIntact(batch) ? "" : " (its checksum does not match)";
      records.addMarker(marker(source, header, problemOf(error, header) + damage));
    }
  }
  return { records, lastOffset };
}

export interface DecodeOptions {
  readonly aborted?: readonly AbortedTransaction[];
  /** Shared by what is in memory together; fresh when absent. */
  readonly room?: UnpackingRoom;
}

interface BatchHeader {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly attributes: number;
  readonly firstTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly producerId: number;
  readonly count: number;
  /** Why the batch cannot be decoded at all. */
  readonly problem: string | null;
}

function readHeader(batch: Buffer): BatchHeader {
  const reader = new WireReader(batch);
  const firstOffset = reader.int64();
  const magic = batch.readInt8(MAGIC_AT);
  if (magic !== 2 || batch.length < HEADER_BYTES) {
    const problem = magic === 2 ? "record batch without a whole header" : `message format ${magic}, which only Kafka before 0.11 wrote`;
    const nothing = { attributes: 0, firstTimestampMs: 0, maxTimestampMs: 0, producerId: -1, count: 0 };
    return { firstOffset, lastOffset: firstOffset, ...nothing, problem };
  }
  reader.at = ATTRIBUTES_AT; // after the length, leader epoch, magic and CRC
  const attributes = reader.int16();
  const lastOffset = firstOffset + Math.max(0, reader.int32());
  const firstTimestampMs = reader.int64();
  const maxTimestampMs = reader.int64();
  const producerId = reader.int64();
  reader.at += 6; // producer epoch and sequence
  return { firstOffset, lastOffset, attributes, firstTimestampMs, maxTimestampMs, producerId, count: reader.int32(), problem: null };
}

interface BatchContext {
  readonly header: BatchHeader;
  readonly source: TopicPartition;
  readonly room: UnpackingRoom;
}

/**
 * Leaves out control batches and the records of aborted transactions. It works by batch, as a batch has one producer; the
 * transactions are sorted here, for brokers list them by where they ended.
 */
function createAbortFilter(aborted: readonly AbortedTransaction[]): { skips(header: BatchHeader, batch: Buffer): boolean } {
  const coming = aborted.length === 0 ? [] : [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const open = new Set<number>();
  let next = 0;
  return {
    skips(header, batch) {
      for (let first = coming[next]; first !== undefined && first.firstOffset <= header.lastOffset; first = coming[++next]) {
        open.add(first.producerId);
      }
      if ((header.attributes & CONTROL) !== 0) {
        if (isAbortMarker(batch)) open.delete(header.producerId);
        return true;
      }
      return (header.attributes & TRANSACTIONAL) !== 0 && open.has(header.producerId);
    },
  };
}

/** A control record's key is its version and its type, 16 bits each; type 0 aborts. */
function isAbortMarker(batch: Buffer): boolean {
  try {
    const reader = new WireReader(batch, HEADER_BYTES);
    reader.varint(); // length
    reader.int8(); // attributes
    reader.varlong(); // timestamp
    reader.varint(); // offset
    const key = reader.varBytes();
    return key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
  } catch {
    return false; // the transaction then stays open, and less is delivered of a batch nobody can read anyway
  }
}

async function appendRecords(records: FlatRecords, batch: Buffer, context: BatchContext): Promise<void> {
  const { header } = context;
  const codecId = header.attributes & CODEC_MASK;
  if (codecId === 0) return readRecords(records, new WireReader(batch, HEADER_BYTES), context);
  const codec = codecs.get(codecId);
  if (codec === undefined) throw new MalformedBytes(`compression codec ${codecId} is not known`);
  if (!isIntact(batch)) throw new MalformedBytes("damaged");
  const payload = await codec.decompress(batch.subarray(HEADER_BYTES), BATCH_BYTES_MAX);
  readRecords(records, new WireReader(payload), context);
  context.room.bytes -= payload.length; // of a batch that is refused nothing stays
}

/**
 * CRC-32C over everything from the attributes on. Checked where bytes are compressed, there are few of them; over plain batches it
 * would cost half as much as all the rest of fetching, and the broker has checked them when they were written.
 */
function isIntact(batch: Buffer): boolean {
  return crc32c(batch, ATTRIBUTES_AT) === batch.readUInt32BE(CRC_AT);
}

/**
 * Looks through all records before the first is added: all of the batch or none of it. Brokers check the offsets within compressed
 * batches alone; out of order, the last record of a slice would end others that were not looked at.
 */
function readRecords(records: FlatRecords, reader: WireReader, { header, source }: BatchContext): void {
  const { topic, partition } = source;
  const { firstOffset, firstTimestampMs } = header;
  const appendTimeMs = (header.attributes & APPEND_TIME) === 0 ? null : header.maxTimestampMs;
  const batch: FlatBatch = { topic, partition, firstOffset, firstTimestampMs, appendTimeMs, bytes: reader.bytes };
  const count = Math.max(0, header.count);
  // The count is the word of whoever produced it; more records than there is room for fail on the way.
  const positions = new Int32Array(Math.min(count, Math.floor((reader.end - reader.at) / RECORD_BYTES_MIN)));
  let before = -1;
  for (let at = 0; at < count; at++) {
    const length = reader.varint();
    const end = reader.at + length;
    if (length < 0 || end > reader.end) throw new MalformedBytes(`record of ${length} bytes at ${reader.at}, which ends at ${reader.end}`);
    positions[at] = reader.at;
    const delta = FlatRecord.check(reader);
    if (reader.at !== end) throw new MalformedBytes(`record that should end at ${end} ends at ${reader.at}`);
    if (delta <= before || delta > header.lastOffset - firstOffset) throw new MalformedBytes(`record ${at} has an offset out of order`);
    before = delta;
  }
  if (reader.at !== reader.end) throw new MalformedBytes(`${reader.end - reader.at} bytes behind its last record`);
  records.addBatch(batch, positions);
}

/** Its offset is the range's last, so that ending it ends the range. */
function marker(source: TopicPartition, header: BatchHeader, problem: string): KafkaRecord {
  const { firstOffset, lastOffset, maxTimestampMs } = header;
  const undecodable = { firstOffset, lastOffset, problem };
  return { ...source, offset: lastOffset, timestampMs: maxTimestampMs, key: null, value: null, headers: NO_HEADERS, undecodable };
}

/** Codec libraries say what they like; only our own words and error codes go on. */
function problemOf(error: unknown, header: BatchHeader): string {
  const codec = codecs.get(header.attributes & CODEC_MASK)?.name;
  const where = codec === undefined ? "record batch" : `${codec} record batch`;
  if (error instanceof MalformedBytes) return `${where} is malformed: ${error.message}`;
  const hasCode = typeof error === "object" && error !== null && "code" in error && typeof error.code === "string";
  const code = hasCode ? error.code : "corrupt data";
  return code === "ERR_BUFFER_TOO_LARGE" ? `${where} exceeds ${BATCH_BYTES_MAX} bytes` : `${where} cannot be decompressed: ${code}`;
}
