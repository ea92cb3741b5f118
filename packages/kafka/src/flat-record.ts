import type { ByteSpan, KafkaRecord, RecordHeader } from "@freshet/protocol";
import type { TopicPartition } from "./port.js";
import { MalformedBytes, WireReader } from "./wire-reader.js";

/** What the records of one batch share. */
export interface FlatBatch extends TopicPartition {
  readonly firstOffset: number;
  readonly firstTimestampMs: number;
  /** The broker's own time of the whole batch, or `null` when each record has its producer's. */
  readonly appendTimeMs: number | null;
  /** The records' bytes, decompressed. */
  readonly bytes: Buffer;
}

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/** A header takes two bytes at least, and a hundred times that once somebody looks at it. */
const HEADERS_MAX = 250_000;
const REPLACEMENT = "\uFFFD";

/**
 * A record as positions in its batch. A view of a buffer costs as much memory as the record it shows: so views and
 * headers are made when somebody asks, and not kept.
 */
export class FlatRecord implements KafkaRecord {
  private readonly batch: FlatBatch;
  private readonly offsetDelta: number;
  private readonly timestampDelta: number;
  private readonly keyAt: number;
  private readonly valueStart: number;
  /** -1 for a value that is null. */
  private readonly valueEnd: number;
  private readonly headersAt: number;

  /** Reads one record that was checked before. `reader` stands behind its length. */
  constructor(batch: FlatBatch, reader: WireReader) {
    this.batch = batch;
    reader.at++; // attributes, unused
    this.timestampDelta = reader.varlong();
    this.offsetDelta = reader.varint();
    this.keyAt = reader.at;
    reader.skipVarBytes();
    const valueBytes = reader.skipVarBytes();
    this.valueEnd = valueBytes < 0 ? -1 : reader.at;
    this.valueStart = reader.at - valueBytes;
    const headersAt = reader.at;
    const count = reader.varint();
    this.headersAt = count <= 0 ? -1 : headersAt;
  }

  /** Steps over a record and checks its parts as the constructor does; answers with its offset within the batch. */
  static check(reader: WireReader): number {
    reader.at++;
    reader.varlong();
    const offsetDelta = reader.varint();
    reader.skipVarBytes();
    reader.skipVarBytes();
    const headers = reader.varint();
    if (headers > HEADERS_MAX) throw new MalformedBytes(`record of ${headers} headers, more than ${HEADERS_MAX}`);
    for (let left = headers; left > 0; left--) {
      reader.skipVarBytes();
      reader.skipVarBytes();
    }
    return offsetDelta;
  }

  get topic(): string {
    return this.batch.topic;
  }
  get partition(): number {
    return this.batch.partition;
  }
  get offset(): number {
    return this.batch.firstOffset + this.offsetDelta;
  }
  get timestampMs(): number {
    return this.batch.appendTimeMs ?? this.batch.firstTimestampMs + this.timestampDelta;
  }
  get key(): Buffer | null {
    return new WireReader(this.batch.bytes, this.keyAt).varBytes();
  }
  get keyBytes(): number {
    return Math.max(0, new WireReader(this.batch.bytes, this.keyAt).varint());
  }
  get value(): Buffer | null {
    return this.valueEnd < 0 ? null : this.batch.bytes.subarray(this.valueStart, this.valueEnd);
  }
  get valueSpan(): ByteSpan | null {
    return this.valueEnd < 0 ? null : { bytes: this.batch.bytes, start: this.valueStart, end: this.valueEnd };
  }
  get headers(): readonly RecordHeader[] {
    return this.headersAt < 0 ? NO_HEADERS : readHeaders(new WireReader(this.batch.bytes, this.headersAt));
  }
}

function readHeaders(reader: WireReader): readonly RecordHeader[] {
  const headers: RecordHeader[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const nameBytes = reader.varBytes() ?? Buffer.alloc(0);
    const name = nameBytes.toString("utf8");
    const value = reader.varBytes();
    headers.push(isFaithful(name, nameBytes) ? { name, value } : { name, value, nameBytes });
  }
  return headers;
}

/** Whether a text gives back the bytes it was read from: those that are no UTF-8 became replacement characters. */
function isFaithful(text: string, bytes: Buffer): boolean {
  return !text.includes(REPLACEMENT) || Buffer.from(text).equals(bytes);
}
