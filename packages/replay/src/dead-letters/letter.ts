import type { KafkaRecord, RecordHeader } from "@freshet/protocol";
import { type Dialect, dialectOf, type Place, type Words, wordsOf } from "./dialects.js";
import { fingerprintOf } from "./fingerprint.js";
import { HeaderTexts } from "./header-texts.js";

/** The reason of what has none that can be read. */
export const UNKNOWN_REASON = "unknown";

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
  /** Only the rules know where a source has its tenant: `null` here. */
  readonly tenant: string | null;
  /** Where the record came from; of a batch that nobody could decode, its first offset. */
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
  /** Any header as a short text, within bounds; of a repeated one the last. */
  readonly header: (name: string) => string | null;
  /**
   * The record that failed: the dead letter without the headers of its dialect, at the place it came from. Where that is not told,
   * it stays where it lies.
   */
  readonly record: KafkaRecord;
}

/**
 * Reads a record of a dead-letter topic, whoever wrote it. Never throws for what it holds. Members are read when they are asked
 * for: of a letter that is only counted, most never are. So a copy by `...` has few of them.
 */
export function readDeadLetter(record: KafkaRecord): DeadLetter {
  return new LetterOfRecord(record);
}

/** Opens with the record; each header is read once it is asked for, the place of the record is kept. */
class LetterOfRecord implements DeadLetter {
  readonly partition: number;
  readonly offset: number;
  readonly writtenAtMs: number;
  readonly dialect: Dialect;
  readonly tenant = null;
  readonly #letter: KafkaRecord;
  readonly #headers: readonly RecordHeader[];
  readonly #texts: HeaderTexts;
  readonly #words: Words;
  #place: Place | null = null;
  #source: DeadLetter["source"] = null;
  #record: KafkaRecord | null = null;

  constructor(letter: KafkaRecord) {
    this.partition = letter.partition;
    this.offset = letter.offset;
    this.writtenAtMs = letter.timestampMs;
    this.#letter = letter;
    this.#headers = letter.headers;
    this.dialect = dialectOf(this.#headers);
    this.#words = wordsOf[this.dialect];
    this.#texts = new HeaderTexts(this.#headers);
  }

  header(name: string): string | null {
    return this.#texts.name(name);
  }
  get id(): string {
    return `${this.partition}-${this.offset}`;
  }
  get reason(): string {
    return this.#words.reason(this.#texts) ?? UNKNOWN_REASON;
  }
  get rule(): string {
    return this.#words.rule(this.#texts);
  }
  get fingerprint(): string {
    return this.#words.fingerprint(this.#texts) ?? fingerprintOf(this.reason, this.message);
  }
  get message(): string {
    return this.#words.message(this.#texts);
  }
  get firstFailedAt(): string | null {
    return this.#words.firstFailedAt(this.#texts);
  }
  get lastFailedAt(): string | null {
    return this.#words.lastFailedAt(this.#texts);
  }
  get attempts(): number | null {
    return this.#words.attempts(this.#texts);
  }
  get group(): string | null {
    return this.#words.group(this.#texts);
  }
  get rulesHash(): string | null {
    return this.#words.rulesHash(this.#texts);
  }
  get source(): DeadLetter["source"] {
    if (this.#place === null) {
      this.#place = this.#words.place(this.#texts);
      const { topic, partition, offsets } = this.#place;
      this.#source = topic === null || partition === null || offsets === null ? null : { topic, partition, offset: offsets.first };
    }
    return this.#source;
  }
  get record(): KafkaRecord {
    this.#record ??= this.#original();
    return this.#record;
  }

  #original(): KafkaRecord {
    const { topic, partition, offset, timestampMs, key, value, undecodable } = this.#letter;
    const { takes } = this.#words;
    return {
      ...(this.source ?? { topic, partition, offset }),
      timestampMs: this.#words.timestampMs(this.#texts) ?? timestampMs,
      key,
      value,
      headers: this.#headers.filter(({ name }) => !takes(name)),
      ...markerOf(undecodable, this.#place?.offsets ?? null),
    };
  }
}

/** A batch that nobody could decode stays one: its records are not in the dead letter. */
function markerOf(known: KafkaRecord["undecodable"], offsets: Place["offsets"]): Pick<KafkaRecord, "undecodable"> {
  if (known !== undefined) return { undecodable: known };
  if (offsets === null || offsets.last === null) return {};
  const problem = "a batch that could not be decoded; its records are not in the dead letter";
  return { undecodable: { firstOffset: offsets.first, lastOffset: offsets.last, problem } };
}
