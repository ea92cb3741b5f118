import type { KafkaRecord } from "@freshet/protocol";
import { type Dialect, dialectOf, type Told, takesOf, toldBy } from "./dialects.js";
import { fingerprintOf } from "./fingerprint.js";
import { HeaderTexts, partHeaders } from "./header-texts.js";

/** What has no reason that can be read. */
const UNKNOWN_REASON = "unknown";

/**
 * A record of a dead-letter topic, read. What its headers say is for showing and grouping: whoever may write to the topic may have
 * written anything, so nothing here decides what is busted.
 */
export interface DeadLetter {
  /** `<partition>-<offset>` in its dead-letter topic. */
  readonly id: string;
  readonly partition: number;
  readonly offset: number;
  /** When it was written to the dead-letter topic, in milliseconds since 1970. */
  readonly writtenAtMs: number;
  readonly dialect: Dialect;
  /** A reason of the protocol, or the class of the exception where somebody else wrote it. */
  readonly reason: string;
  /** The rule that failed, `""` when no rule was reached. */
  readonly rule: string;
  /** The same sixteen hex digits for the same cause. */
  readonly fingerprint: string;
  /** At most 2,048 characters, printable. */
  readonly message: string;
  /** RFC 3339, `null` where it is not told. */
  readonly firstFailedAt: string | null;
  readonly lastFailedAt: string | null;
  readonly attempts: number | null;
  /** The consumer group, or the connector, that gave it up. */
  readonly group: string | null;
  readonly rulesHash: string | null;
  /** Only the rules know where a source has its tenant: `null` until `decodeLetter` has looked. */
  readonly tenant: string | null;
  /** Where the record came from; of a batch that nobody could decode, its first offset. */
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
  /**
   * The record that failed: the dead letter without the headers of its dialect, at the place it came from. Where that is not told,
   * it stays where it lies.
   */
  readonly record: KafkaRecord;
}

/** Reads a record of a dead-letter topic, whoever wrote it. Never throws for what it holds. */
export function readDeadLetter(record: KafkaRecord): DeadLetter {
  const { partition, offset, timestampMs, headers } = record;
  const dialect = dialectOf(headers);
  const { taken, others } = partHeaders(headers, takesOf[dialect]);
  const told = toldBy[dialect](new HeaderTexts(taken));
  const reason = told.reason ?? UNKNOWN_REASON;
  const { rule, message, firstFailedAt, lastFailedAt, attempts, group, rulesHash } = told;
  const source = sourceOf(told);
  return {
    id: `${partition}-${offset}`,
    partition,
    offset,
    writtenAtMs: timestampMs,
    dialect,
    reason,
    rule,
    fingerprint: told.fingerprint ?? fingerprintOf(reason, message),
    message,
    firstFailedAt,
    lastFailedAt,
    attempts,
    group,
    rulesHash,
    tenant: null,
    source,
    record: {
      topic: source?.topic ?? record.topic,
      partition: source?.partition ?? partition,
      offset: source?.offset ?? offset,
      timestampMs: told.timestampMs ?? timestampMs,
      key: record.key,
      value: record.value,
      headers: others,
      ...markerOf(record, told),
    },
  };
}

function sourceOf({ topic, partition, offsets }: Told): DeadLetter["source"] {
  return topic === null || partition === null || offsets === null ? null : { topic, partition, offset: offsets.first };
}

/** A batch that nobody could decode stays one: its records are not in the dead letter. */
function markerOf(record: KafkaRecord, { offsets }: Told): Pick<KafkaRecord, "undecodable"> {
  if (record.undecodable !== undefined) return { undecodable: record.undecodable };
  if (offsets === null || offsets.last === null) return {};
  const problem = "a batch that could not be decoded; its records are not in the dead letter";
  return { undecodable: { firstOffset: offsets.first, lastOffset: offsets.last, problem } };
}
