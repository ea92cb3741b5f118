import { createHash } from "node:crypto";
import type { ProduceRecord } from "@freshet/kafka/port";
import { type KafkaRecord, limits, type RecordHeader, type Rejection } from "@freshet/protocol";

/** What dead letters need to know about the process that writes them. */
export interface DeadLetterContext {
  /** `freshet.dlq.<deployment>`. */
  readonly topic: string;
  readonly group: string;
  readonly rulesHash: string;
}

/** The headers Freshet adds, a fixed set: overwritten when they are there, never appended (`protocol.md` section 7). */
export const deadLetterHeaderNames = [
  "__dlq.errors.topic",
  "__dlq.errors.partition",
  "__dlq.errors.offset",
  "__dlq.errors.group",
  "__dlq.errors.message",
  "freshet-reason",
  "freshet-rule",
  "freshet-fingerprint",
  "freshet-first-failed-at",
  "freshet-last-failed-at",
  "freshet-attempts",
  "freshet-rules-hash",
] as const;
type OwnHeader = (typeof deadLetterHeaderNames)[number];

const own = new Set<string>(deadLetterHeaderNames);
const encoder = new TextEncoder();
/** The two texts of free length share what the limit leaves after the short ones. */
const TEXT_BYTES_MAX = limits.deadLetterHeaderBytesMax / 4;

/**
 * A rejected record as its dead letter: key, value and headers byte for byte, and why it is here. The record gets a fresh
 * timestamp, so that time-based retention does not delete it at once.
 */
export function deadLetter(record: KafkaRecord, rejection: Rejection, context: DeadLetterContext & { readonly at: string }): ProduceRecord {
  const message = cut(`${rejection.message}. Fix: ${rejection.fix}`);
  const values: Record<OwnHeader, string> = {
    "__dlq.errors.topic": record.topic,
    "__dlq.errors.partition": String(record.partition),
    "__dlq.errors.offset": offsetsOf(record),
    "__dlq.errors.group": context.group,
    "__dlq.errors.message": message,
    "freshet-reason": rejection.reason,
    "freshet-rule": cut(rejection.rule),
    "freshet-fingerprint": fingerprint(rejection),
    "freshet-first-failed-at": context.at,
    "freshet-last-failed-at": context.at,
    "freshet-attempts": "1",
    "freshet-rules-hash": context.rulesHash,
  };
  const original = record.headers.filter((header) => !own.has(header.name));
  const added = deadLetterHeaderNames.map((name): RecordHeader => ({ name, value: encoder.encode(values[name]) }));
  return { topic: context.topic, key: record.key, value: record.value, headers: [...original, ...added] };
}

/** What a header takes in memory besides its bytes. */
const HEADER_BYTES = 100;

/** What a record takes as a dead letter, about: on the wire, and in memory while it is written. */
export function deadLetterBytes({ key, value, headers }: KafkaRecord): number {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) bytes += header.name.length + (header.value?.length ?? 0) + HEADER_BYTES;
  return bytes;
}

/** A batch that could not be decompressed is one marker that names its range, both ends included. */
function offsetsOf(record: KafkaRecord): string {
  const range = record.undecodable;
  return range === undefined ? String(record.offset) : `${range.firstOffset}-${range.lastOffset}`;
}

/** Groups dead letters by cause: the same reason, rule and sentence give the same sixteen hex digits. */
function fingerprint(rejection: Rejection): string {
  return createHash("sha256").update(`${rejection.reason}\n${rejection.rule}\n${rejection.message}`).digest("hex").slice(0, 16);
}

function cut(text: string): string {
  const bytes = encoder.encode(text);
  return bytes.length <= TEXT_BYTES_MAX ? text : `${new TextDecoder().decode(bytes.subarray(0, TEXT_BYTES_MAX - 8))} …`;
}
