import { map } from "@freshet/pipeline";
import type { DomainEvent, FramePort, KafkaRecord, RecordHeader } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { decoderOf } from "../decode-each.js";
import { deadLetterTopicOf } from "../topics.js";
import { wordsOf } from "./dialects.js";
import { printable } from "./header-texts.js";
import { instantText } from "./instants.js";
import { type DeadLetter, readDeadLetter } from "./letter.js";
import type { LetterPlace } from "./letter-id.js";
import type { DeadLetterKafka } from "./query.js";
import type { DeadLetterShown } from "./reports.js";
import { readResolution } from "./resolved.js";
import { withRights } from "./rights.js";
import { readRanges } from "./temporary-group.js";

export interface ShowQuery extends LetterPlace {
  readonly deployment: string;
  /** A dead-letter topic of somebody else; `null`: the deployment's own. */
  readonly topic: string | null;
  /** A consumer group for this query alone: it is made and deleted. */
  readonly group: string;
  /** Tell what the record would come to now; `null`: that stays unknown. */
  readonly rules: CompiledRules | null;
  /** Reads values that name their schema, for rules that have such sources. */
  readonly frames?: FramePort | undefined;
  /** Whether key, value and all headers are shown: they may be private. */
  readonly payload: boolean;
  readonly stop: AbortSignal;
  readonly onProgress: () => void;
}

const HEADER_CHARACTERS_MAX = 2048;
/** Headers of the record that say what it is, and nothing of its data. */
const telling = /^(?:ce_|content-type$|traceparent$|tracestate$)/;

/**
 * All of one dead letter, or `null` when it is not there: it never was, or the topic no longer keeps it.
 *
 * @throws FreshetError as `LogReading` does.
 */
export async function showDeadLetter(kafka: DeadLetterKafka, query: ShowQuery): Promise<DeadLetterShown | null> {
  const topic = query.topic ?? deadLetterTopicOf(query.deployment);
  const record = await withRights({ topic, group: query.group, what: "to read a dead letter" }, readOne(kafka, topic, query));
  if (record === null) return null;
  const isMarked = topic === deadLetterTopicOf(query.deployment);
  const place = { partition: query.partition, offset: query.offset, writtenAtMs: record.timestampMs };
  const resolution = isMarked ? await readResolution(kafka, place, query) : null;
  const state = isMarked ? (resolution === null ? "open" : "resolved") : "unknown";
  const { jobId: job = null, at = null, by = null, outcome = null } = resolution ?? {};
  const letter = readDeadLetter(record);
  return {
    v: 1,
    topic,
    ...told(letter),
    resolution: { state, job, at, by, outcome },
    sizes: { key: record.key?.length ?? null, value: record.value?.length ?? null, headers: sizeOf(record.headers) },
    headers: record.headers.map((header) => shownHeader(header, wordsOf[letter.dialect].takes(header.name) || query.payload)),
    ...(query.rules === null ? { event: null, now: null } : await decodedNow(letter, query.rules, query.frames)),
    payload: query.payload ? { key: bytesOf(record.key), value: bytesOf(record.value) } : null,
  };
}

async function readOne(kafka: DeadLetterKafka, topic: string, query: ShowQuery): Promise<KafkaRecord | null> {
  const { partition, offset, group, stop, onProgress } = query;
  const log = (await kafka.offsets([topic])).find((known) => known.partition === partition);
  if (log === undefined || offset < log.earliest || offset >= log.stable) return null;
  const found: KafkaRecord[] = [];
  await readRanges(kafka, {
    group,
    ranges: [{ topic, partition, from: offset, to: offset + 1 }],
    stop,
    onBatch: async ({ records }) => {
      for (const record of records) if (record.offset === offset) found.push(record);
      onProgress();
    },
  });
  return found[0] ?? null;
}

function told(letter: DeadLetter) {
  const { id, dialect, reason, rule, fingerprint, message, attempts, group, rulesHash, source, record } = letter;
  const { undecodable } = record;
  return {
    id,
    written: instantText(letter.writtenAtMs),
    dialect,
    reason,
    rule,
    fingerprint,
    message,
    firstFailed: letter.firstFailedAt,
    lastFailed: letter.lastFailedAt,
    attempts,
    group,
    rulesHash,
    source,
    batch: undecodable === undefined ? null : { from: undecodable.firstOffset, to: undecodable.lastOffset },
  };
}

function sizeOf(headers: readonly RecordHeader[]): number {
  return headers.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + (value?.length ?? 0), 0);
}

function shownHeader({ name, value }: RecordHeader, isShown: boolean): DeadLetterShown["headers"][number] {
  const text = value !== null && (isShown || telling.test(name)) ? printable(value, HEADER_CHARACTERS_MAX) : null;
  return { name: printable(Buffer.from(name), HEADER_CHARACTERS_MAX), bytes: value?.length ?? null, text };
}

type Now = Pick<DeadLetterShown, "event" | "now">;

/**
 * The record as the rules of now decode and map it: whether a replay would still fail. Touches nothing. Not known while the
 * registry of its schemas is away.
 */
async function decodedNow({ record }: DeadLetter, rules: CompiledRules, frames: FramePort | undefined): Promise<Now> {
  const [decoded] = await decoderOf(rules, frames)([record]).catch(() => []);
  if (decoded === undefined) return { event: null, now: null };
  const event = decoded.kind === "event" ? eventMembers(decoded.event) : null;
  const mapped = map(decoded, rules);
  if (mapped.kind === "busts") return { event, now: { outcome: "busts", busts: mapped.busts.length } };
  if (mapped.kind !== "rejected") return { event, now: { outcome: mapped.kind } };
  const { reason, message, fix } = mapped.rejection;
  return { event, now: { outcome: "dead", reason, message, fix } };
}

function eventMembers({ id, source, space, subject, version, op, type, time, tenant }: DomainEvent): DeadLetterShown["event"] {
  return { id, source, space, subject, version, op, type, time, tenant };
}

function bytesOf(bytes: Uint8Array | null): { text: string } | { base64: string } | null {
  if (bytes === null) return null;
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}
