import type { KafkaPort } from "@freshet/kafka/port";
import { isJsonObject, type JsonObject, type JsonValue, type KafkaRecord } from "@freshet/protocol";
import { jobsTopicOf } from "../topics.js";
import { printable } from "./header-texts.js";
import { type LetterPlace, letterIdOf } from "./letter-id.js";
import { type Mark, readMark } from "./marks.js";
import { isAbout, ResolvedLetters } from "./resolved-letters.js";
import { withRights } from "./rights.js";
import { type GroupKafka, readRanges } from "./temporary-group.js";

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
  await readMarks(kafka, options, ({ letter, time }) => resolved.set(letter, time));
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
  await readMarks(kafka, options, (mark) => {
    const letter = wanted.get(letterIdOf(mark.letter));
    if (letter === undefined) return;
    found[letter.at] = mark.time !== null && isAbout(mark.time, letter.writtenAtMs) ? resolutionOf(mark.content) : null;
  });
  return found;
}

type OnMark = (mark: Mark) => void;

async function readMarks(kafka: ResolvedKafka, { deployment, group, stop, onProgress }: ResolvedOptions, onMark: OnMark): Promise<void> {
  const topic = jobsTopicOf(deployment);
  const rights = { topic, group, what: "to know which dead letters are resolved" };
  const partitions = await withRights(rights, kafka.offsets([topic]));
  const ranges = partitions.map(({ partition, earliest, stable }) => ({ topic, partition, from: earliest, to: stable }));
  const onBatch = async ({ records }: { readonly records: Iterable<KafkaRecord> }): Promise<void> => {
    for (const record of records) {
      const mark = readMark(record);
      if (mark !== null) onMark(mark);
    }
    onProgress();
  };
  await withRights(rights, readRanges(kafka, { group, ranges, stop, onBatch }));
}

function resolutionOf(mark: JsonObject): Resolution {
  const by = mark.by ?? null;
  const person = isJsonObject(by) ? `${textOf(by.user) ?? "unknown"}@${textOf(by.host) ?? "unknown"}` : textOf(by);
  return { jobId: textOf(mark.jobId), at: textOf(mark.at), by: person, outcome: textOf(mark.outcome) };
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? printable(new TextEncoder().encode(value), TEXT_CHARACTERS_MAX) : null;
}
