import { deadLetterHeaderNames } from "@freshet/pipeline";
import type { RecordHeader } from "@freshet/protocol";
import type { HeaderTexts } from "./header-texts.js";

/** Who wrote a dead letter, by the headers it added. */
export type Dialect = "freshet" | "kafka-connect" | "kafka-streams" | "spring" | "share-group" | "unknown";

/** Where a record came from, as far as it is told. */
export interface Place {
  readonly topic: string | null;
  readonly partition: number | null;
  /** `last`, included, only for a batch that nobody could decode. */
  readonly offsets: { readonly first: number; readonly last: number | null } | null;
}

/** What every dialect says in its own words; `null` where this one does not. */
export interface Words {
  /** Whether a header belongs to the dialect, and so not to the record. */
  readonly takes: (name: string) => boolean;
  readonly place: (headers: HeaderTexts) => Place;
  readonly reason: (headers: HeaderTexts) => string | null;
  readonly rule: (headers: HeaderTexts) => string;
  readonly message: (headers: HeaderTexts) => string;
  readonly fingerprint: (headers: HeaderTexts) => string | null;
  readonly firstFailedAt: (headers: HeaderTexts) => string | null;
  readonly lastFailedAt: (headers: HeaderTexts) => string | null;
  readonly attempts: (headers: HeaderTexts) => number | null;
  readonly group: (headers: HeaderTexts) => string | null;
  readonly rulesHash: (headers: HeaderTexts) => string | null;
  /** The record's own time, in milliseconds since 1970. */
  readonly timestampMs: (headers: HeaderTexts) => number | null;
}

const own = new Set<string>(deadLetterHeaderNames);
const SHARE_GROUP = "__dlq.errors.";
const CONNECT = "__connect.errors.";
const STREAMS = "__streams.errors.";
const SPRING = "kafka_dlt-";

const PARTITION_MAX = 2 ** 31 - 1;
const topicForm = /^[a-zA-Z0-9._-]{1,249}$/;
const reasonForm = /^[a-z_]{1,40}$/;
const fingerprintForm = /^[0-9a-f]{16}$/;
const hashForm = /^[0-9a-f]{64}$/;

/** The dialect of the header that was added last: a record may have been a dead letter before. */
export function dialectOf(headers: readonly RecordHeader[]): Dialect {
  for (let at = headers.length - 1; at >= 0; at--) {
    const name = headers[at]?.name ?? "";
    if (name.startsWith("freshet-") && own.has(name)) return "freshet";
    if (name.startsWith(SHARE_GROUP)) return "share-group";
    if (name.startsWith(CONNECT)) return "kafka-connect";
    if (name.startsWith(STREAMS)) return "kafka-streams";
    if (name.startsWith(SPRING)) return "spring";
  }
  return "unknown";
}

const silent: Words = {
  takes: () => false,
  place: () => ({ topic: null, partition: null, offsets: null }),
  reason: () => null,
  rule: () => "",
  message: () => "",
  fingerprint: () => null,
  firstFailedAt: () => null,
  lastFailedAt: () => null,
  attempts: () => null,
  group: () => null,
  rulesHash: () => null,
  timestampMs: () => null,
};

const shareGroup: Words = {
  ...silent,
  takes: (name) => name.startsWith(SHARE_GROUP),
  place: placeBehind(SHARE_GROUP),
  message: (headers) => headers.message(`${SHARE_GROUP}message`),
  attempts: (headers) => headers.count(`${SHARE_GROUP}delivery.count`),
  group: (headers) => headers.name(`${SHARE_GROUP}group`),
};

const freshet: Words = {
  ...shareGroup,
  takes: (name) => own.has(name),
  reason: (headers) => headers.name("freshet-reason", reasonForm),
  rule: (headers) => headers.name("freshet-rule") ?? "",
  fingerprint: (headers) => headers.name("freshet-fingerprint", fingerprintForm),
  firstFailedAt: (headers) => headers.instant("freshet-first-failed-at"),
  lastFailedAt: (headers) => headers.instant("freshet-last-failed-at"),
  attempts: (headers) => headers.count("freshet-attempts"),
  rulesHash: (headers) => headers.name("freshet-rules-hash", hashForm),
};

const connect: Words = {
  ...silent,
  takes: (name) => name.startsWith(CONNECT),
  place: placeBehind(CONNECT),
  reason: (headers) => headers.name(`${CONNECT}exception.class.name`),
  message: (headers) => staged(headers.name(`${CONNECT}stage`), headers.message(`${CONNECT}exception.message`)),
  group: (headers) => headers.name(`${CONNECT}connector.name`),
};

const streams: Words = {
  ...silent,
  takes: (name) => name.startsWith(STREAMS),
  place: placeBehind(STREAMS),
  reason: (headers) => headers.name(`${STREAMS}exception`),
  message: (headers) => headers.message(`${STREAMS}message`),
};

const spring: Words = {
  ...silent,
  takes: (name) => name.startsWith(SPRING),
  place: (headers) => {
    const offset = headers.integer(`${SPRING}original-offset`, 8);
    return {
      topic: headers.name(`${SPRING}original-topic`, topicForm),
      partition: headers.integer(`${SPRING}original-partition`, 4),
      offsets: offset === null ? null : { first: offset, last: null },
    };
  },
  reason: (headers) => headers.name(`${SPRING}exception-cause-fqcn`) ?? headers.name(`${SPRING}exception-fqcn`),
  message: (headers) => headers.message(`${SPRING}exception-message`),
  group: (headers) => headers.name(`${SPRING}original-consumer-group`),
  timestampMs: (headers) => headers.integer(`${SPRING}original-timestamp`, 8),
};

export const wordsOf: Readonly<Record<Dialect, Words>> = {
  freshet,
  "share-group": shareGroup,
  "kafka-connect": connect,
  "kafka-streams": streams,
  spring,
  unknown: silent,
};

function placeBehind(prefix: string): (headers: HeaderTexts) => Place {
  const [topic, partition, offset] = [`${prefix}topic`, `${prefix}partition`, `${prefix}offset`] as const;
  return (headers) => ({
    topic: headers.name(topic, topicForm),
    partition: headers.count(partition, PARTITION_MAX),
    offsets: headers.range(offset),
  });
}

function staged(stage: string | null, message: string): string {
  return stage === null ? message : `${stage}: ${message}`;
}
