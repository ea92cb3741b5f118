/** One header of a record. Names may repeat and values may be null, so headers are a list in wire order, not a map. */
export interface RecordHeader {
  readonly name: string;
  readonly value: Uint8Array | null;
  /** Only where the name as it lies in the log is not UTF-8, and `name` cannot give it back: its bytes, which are what is written again. */
  readonly nameBytes?: Uint8Array;
}

/** The bytes from `start` up to and without `end` of a larger buffer. */
export interface ByteSpan {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A record as it lies in the log. Key, value and headers are bytes: nothing is decoded before `decode`. */
export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  /** `null` is Kafka's tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Where `value` lies, for readers that need no view of it: a view costs more than the reading. `null` with it. */
  readonly valueSpan?: ByteSpan | null;
  /** Bytes of the key where they are known without a view of it; none for no key. */
  readonly keyBytes?: number;
  /** Set where a framed value was made JSON text: what a header says of its form is about the bytes before. */
  readonly isUnframed?: true;
  /** Set on a marker that stands for a batch nobody could decode: its offsets, both ends included, and why. */
  readonly undecodable?: { readonly firstOffset: number; readonly lastOffset: number; readonly problem: string };
}

/**
 * The last header of this name as text; `null` when there is none, its value is null, or it is not UTF-8: two values that
 * differ in bytes never become the same text.
 */
export function headerText(headers: readonly RecordHeader[], name: string): string | null {
  for (let at = headers.length - 1; at >= 0; at--) {
    const header = headers[at];
    if (header?.name === name) return header.value === null ? null : textOf(header.value);
  }
  return null;
}

/** Header name → text, the last of a repeated name; `null` as in `headerText`. */
export function headerTexts(headers: readonly RecordHeader[]): { readonly [name: string]: string | null } {
  return Object.fromEntries(headers.map(({ name, value }) => [name, value === null ? null : textOf(value)]));
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
