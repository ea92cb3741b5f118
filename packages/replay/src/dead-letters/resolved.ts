import type { KafkaPort } from "@freshet/kafka/port";
import { isJsonObject, type JsonObject, type JsonValue, type KafkaRecord, parseJson } from "@freshet/protocol";
import { jobsTopicOf } from "../topics.js";
import { printable } from "./header-texts.js";
import { type LetterPlace, letterIdOf, readLetterId } from "./letter-id.js";
import { isAbout, type MarkedTime, markedTimeOf, ResolvedLetters } from "./resolved-letters.js";
import { withRights } from "./rights.js";
import { type GroupKafka, readRanges } from "./temporary-group.js";

const KEY = "resolved/";
const TEXT_CHARACTERS_MAX = 200;

/** What a broker must offer for it. */
export type ResolvedKafka = Pick<KafkaPort, "offsets"> & GroupKafka;

export interface ResolvedOptions {
  readonly deployment: string;
  /** A consumer group for this reading alone. */
  readonly group: string;
  readonly stop: AbortSignal;
  /** Told after each batch: the reading goes on. */
  readonly onProgress: () => void;
}

/** How a dead letter was resolved, as the job wrote it down. */
export interface Resolution {
  readonly jobId: string | null;
  readonly at: string | null;
  readonly by: string | null;
  readonly outcome: string | null;
}

/** The letters that a replay has resolved and nothing has opened again. Empty where the jobs topic is missing. */
export async function readResolved(kafka: ResolvedKafka, options: ResolvedOptions): Promise<ResolvedLetters> {
  const resolved = new ResolvedLetters();
  await readMarks(kafka, options, (letter, mark) => resolved.set(letter, mark === null ? null : mark.time));
  return resolved;
}

/** A letter, and when it was written. */
export interface WrittenLetter extends LetterPlace {
  readonly writtenAtMs: number;
}

/** How one letter was resolved; `null` when it is open. */
export async function readResolution(kafka: ResolvedKafka, letter: WrittenLetter, options: ResolvedOptions): Promise<Resolution | null> {
  const [resolution = null] = await readResolutions(kafka, [letter], options);
  return resolution;
}

/** The same for each of some letters, in their order, in one reading. */
export async function readResolutions(
  kafka: ResolvedKafka,
  letters: readonly WrittenLetter[],
  options: ResolvedOptions,
): Promise<(Resolution | null)[]> {
  const found = letters.map((): Resolution | null => null);
  const wanted = new Map(letters.map((letter, at) => [letterIdOf(letter), { at, writtenAtMs: letter.writtenAtMs }]));
  await readMarks(kafka, options, (place, mark) => {
    const letter = wanted.get(letterIdOf(place));
    if (letter === undefined) return;
    found[letter.at] = mark !== null && isAbout(mark.time, letter.writtenAtMs) ? resolutionOf(mark.content) : null;
  });
  return found;
}

interface Mark {
  readonly content: JsonObject;
  readonly time: MarkedTime;
}

type OnMark = (letter: LetterPlace, mark: Mark | null) => void;

/** Marks of one letter lie in one partition, so their order is that of time: the last one counts, and null takes it away. */
async function readMarks(kafka: ResolvedKafka, { deployment, group, stop, onProgress }: ResolvedOptions, onMark: OnMark): Promise<void> {
  const topic = jobsTopicOf(deployment);
  const rights = { topic, group, what: "to know which dead letters are resolved" };
  const partitions = await withRights(rights, kafka.offsets([topic]));
  const ranges = partitions.map(({ partition, earliest, stable }) => ({ topic, partition, from: earliest, to: stable }));
  const onBatch = async ({ records }: { readonly records: Iterable<KafkaRecord> }): Promise<void> => {
    for (const record of records) {
      const letter = record.key === null ? null : letterOf(record.key);
      if (letter !== null) onMark(letter, markOf(record));
    }
    onProgress();
  };
  await withRights(rights, readRanges(kafka, { group, ranges, stop, onBatch }));
}

function letterOf(key: Uint8Array): LetterPlace | null {
  const text = new TextDecoder().decode(key);
  return text.startsWith(KEY) ? readLetterId(text.slice(KEY.length)) : null;
}

function markOf(record: KafkaRecord): Mark | null {
  if (record.value === null) return null;
  const content = parsed(record.value);
  return { content, time: markedTimeOf(content, record) };
}

function resolutionOf(mark: JsonObject): Resolution {
  const by = mark.by ?? null;
  const person = isJsonObject(by) ? `${textOf(by.user) ?? "unknown"}@${textOf(by.host) ?? "unknown"}` : textOf(by);
  return { jobId: textOf(mark.jobId), at: textOf(mark.at), by: person, outcome: textOf(mark.outcome) };
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? printable(new TextEncoder().encode(value), TEXT_CHARACTERS_MAX) : null;
}

/** Whatever was written there marks the letter; what cannot be read tells nothing more. */
function parsed(value: Uint8Array): JsonObject {
  try {
    const mark = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(value));
    return isJsonObject(mark) ? mark : {};
  } catch {
    return {};
  }
}
