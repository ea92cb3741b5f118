import { deadLetterHeaderNames } from "@freshet/pipeline";
import type { RecordHeader } from "@freshet/protocol";
import type { HeaderTexts } from "./header-texts.js";

/** Who wrote a dead letter, by the headers it added. */
export type Dialect = "freshet" | "kafka-connect" | "kafka-streams" | "spring" | "share-group" | "unknown";

/** What every dialect says in its own words; `null` where this one does not. */
export interface Told {
  readonly reason: string | null;
  readonly rule: string;
  /** `null`: Freshet's own is missing, or this dialect has none. */
  readonly fingerprint: string | null;
  readonly message: string;
  readonly firstFailedAt: string | null;
  readonly lastFailedAt: string | null;
  readonly attempts: number | null;
  readonly group: string | null;
  readonly rulesHash: string | null;
  readonly topic: string | null;
  readonly partition: number | null;
  /** `last`, included, only for a batch that nobody could decode. */
  readonly offsets: { readonly first: number; readonly last: number | null } | null;
  /** The record's own time, in milliseconds since 1970. */
  readonly timestampMs: number | null;
}

const own = new Set<string>(deadLetterHeaderNames);
const SHARE_GROUP = "__dlq.errors.";
const CONNECT = "__connect.errors.";
const STREAMS = "__streams.errors.";
const SPRING = "kafka_dlt-";

const PARTITION_MAX = 2 ** 31 - 1;
const topicForm = /^[a-zA-Z0-9._-]{1,249}$/;

/** Headers that belong to the dialect, and so not to the record. */
export const takesOf: Readonly<Record<Dialect, (name: string) => boolean>> = {
  freshet: (name) => own.has(name),
  "share-group": (name) => name.startsWith(SHARE_GROUP),
  "kafka-connect": (name) => name.startsWith(CONNECT),
  "kafka-streams": (name) => name.startsWith(STREAMS),
  spring: (name) => name.startsWith(SPRING),
  unknown: () => false,
};

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

/** What the headers of a dialect say. */
export const toldBy: Readonly<Record<Dialect, (headers: HeaderTexts) => Told>> = {
  freshet: (headers) => ({
    ...shareGroup(headers),
    reason: headers.match("freshet-reason", /^[a-z_]{1,40}$/),
    rule: headers.name("freshet-rule") ?? "",
    fingerprint: headers.match("freshet-fingerprint", /^[0-9a-f]{16}$/),
    firstFailedAt: headers.instant("freshet-first-failed-at"),
    lastFailedAt: headers.instant("freshet-last-failed-at"),
    attempts: headers.count("freshet-attempts"),
    rulesHash: headers.match("freshet-rules-hash", /^[0-9a-f]{64}$/),
  }),
  "share-group": (headers) => ({ ...shareGroup(headers), attempts: headers.count(`${SHARE_GROUP}delivery.count`) }),
  "kafka-connect": (headers) => ({
    ...nothing,
    ...place(headers, CONNECT),
    reason: headers.name(`${CONNECT}exception.class.name`),
    message: staged(headers.name(`${CONNECT}stage`), headers.message(`${CONNECT}exception.message`)),
    group: headers.name(`${CONNECT}connector.name`),
  }),
  "kafka-streams": (headers) => ({
    ...nothing,
    ...place(headers, STREAMS),
    reason: headers.name(`${STREAMS}exception`),
    message: headers.message(`${STREAMS}message`),
  }),
  spring: (headers) => {
    const offset = headers.integer(`${SPRING}original-offset`, 8);
    return {
      ...nothing,
      reason: headers.name(`${SPRING}exception-cause-fqcn`) ?? headers.name(`${SPRING}exception-fqcn`),
      message: headers.message(`${SPRING}exception-message`),
      group: headers.name(`${SPRING}original-consumer-group`),
      topic: headers.match(`${SPRING}original-topic`, topicForm),
      partition: headers.integer(`${SPRING}original-partition`, 4),
      offsets: offset === null ? null : { first: offset, last: null },
      timestampMs: headers.integer(`${SPRING}original-timestamp`, 8),
    };
  },
  unknown: () => nothing,
};

const nothing: Told = {
  reason: null,
  rule: "",
  fingerprint: null,
  message: "",
  firstFailedAt: null,
  lastFailedAt: null,
  attempts: null,
  group: null,
  rulesHash: null,
  topic: null,
  partition: null,
  offsets: null,
  timestampMs: null,
};

function shareGroup(headers: HeaderTexts): Told {
  return {
    ...nothing,
    ...place(headers, SHARE_GROUP),
    message: headers.message(`${SHARE_GROUP}message`),
    group: headers.name(`${SHARE_GROUP}group`),
  };
}

function place(headers: HeaderTexts, prefix: string): Pick<Told, "topic" | "partition" | "offsets"> {
  return {
    topic: headers.match(`${prefix}topic`, topicForm),
    partition: headers.count(`${prefix}partition`, PARTITION_MAX),
    offsets: offsetsOf(headers, `${prefix}offset`),
  };
}

function offsetsOf(headers: HeaderTexts, name: string): Told["offsets"] {
  const [first, last] = (headers.match(name, /^\d{1,16}(?:-\d{1,16})?$/) ?? "").split("-");
  if (first === undefined || first === "") return null;
  const ends = { first: Number(first), last: last === undefined ? null : Number(last) };
  const isInOrder = ends.last === null || (Number.isSafeInteger(ends.last) && ends.first <= ends.last);
  return Number.isSafeInteger(ends.first) && isInOrder ? ends : null;
}

function staged(stage: string | null, message: string): string {
  return stage === null ? message : `${stage}: ${message}`;
}
