import type { KafkaPort, OffsetRange, RecordBatch } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { type DeadLetter, readDeadLetter } from "./letter.js";
import { withRights } from "./rights.js";
import { readRanges } from "./temporary-group.js";

/** What of a broker a scan needs. */
export type ScanKafka = Pick<KafkaPort, "read" | "offsets" | "offsetsAt" | "describeGroup" | "deleteGroup">;

export interface ScanOptions {
  /** Of Freshet or of anybody else. */
  readonly topic: string;
  /** A consumer group for this scan alone. One that the scan made is deleted at its end. */
  readonly group: string;
  /** When letters were written, in milliseconds since 1970: from `sinceMs`, and before `untilMs`. `null`: no limit. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  /** Which letters go on to `onLetters`. */
  readonly accepts: (letter: DeadLetter) => boolean;
  /** Takes those of one batch of a partition, none perhaps, in order; several partitions at once. What it throws ends the scan. */
  readonly onLetters: (letters: readonly DeadLetter[]) => Promise<void>;
  /** Aborted: the scan ends early and says so. */
  readonly stop: AbortSignal;
}

/** What was read: from where to where, and when. */
export interface ScanWindow {
  readonly topic: string;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  /** Each partition from the first letter of `sinceMs` to the end the topic had when the scan began; up to where it came when it was stopped. */
  readonly ranges: readonly OffsetRange[];
  /** False when it was stopped before the end. */
  readonly complete: boolean;
  /** Letters that were read, whether accepted or not; those outside of the time are left out. */
  readonly letters: number;
  readonly accepted: number;
  /** When the oldest and the newest of `letters` were written; `null` where there are none. */
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
}

/**
 * Reads a dead-letter topic from the beginning, or from a time on, to the stable end it has now: what is written meanwhile is not
 * read, and what belongs to open transactions neither. No other group is touched.
 *
 * @throws FreshetError `usage` when there is no such topic or the group has members; as `LogReading` does.
 */
export async function scanDeadLetters(kafka: ScanKafka, options: ScanOptions): Promise<ScanWindow> {
  const { topic, group, stop } = options;
  const rights = { topic, group, what: "to read dead letters" };
  const ranges = await withRights(rights, rangesOf(kafka, options));
  const tally = createTally(options, ranges);
  const onBatch = async ({ partition, records }: RecordBatch): Promise<void> => {
    const accepted: DeadLetter[] = [];
    let next: number | null = null;
    for (const record of records) {
      next = record.offset + 1;
      const letter = readDeadLetter(record);
      if (tally.counts(letter) && options.accepts(letter)) accepted.push(letter);
    }
    await options.onLetters(accepted);
    tally.reached({ partition, next, accepted: accepted.length });
  };
  await withRights(rights, readRanges(kafka, { group, ranges, stop, onBatch }));
  return tally.window();
}

async function rangesOf(kafka: ScanKafka, { topic, sinceMs }: ScanOptions): Promise<readonly OffsetRange[]> {
  const partitions = await kafka.offsets([topic]);
  if (partitions.length === 0) {
    const fix = "Check the name; `freshet topics create` makes those of the deployment.";
    throw new FreshetError("FR3002", "usage", `there is no topic ${topic}, or it may not be described`, fix);
  }
  const since = sinceMs === null ? [] : await kafka.offsetsAt([topic], sinceMs);
  return partitions.map(({ partition, earliest, stable }) => {
    const first = since.find((at) => at.partition === partition)?.offset ?? earliest;
    return { topic, partition, from: Math.min(Math.max(earliest, first), stable), to: stable };
  });
}

function createTally({ topic, sinceMs, untilMs, stop }: ScanOptions, ranges: readonly OffsetRange[]) {
  const reached = new Map<number, number>();
  let letters = 0;
  let accepted = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  return {
    /** Times of letters are not in order where several processes write them: each is looked at. */
    counts({ writtenAtMs }: DeadLetter): boolean {
      if (writtenAtMs < (sinceMs ?? writtenAtMs) || writtenAtMs >= (untilMs ?? Number.POSITIVE_INFINITY)) return false;
      letters++;
      oldestMs = Math.min(oldestMs, writtenAtMs);
      newestMs = Math.max(newestMs, writtenAtMs);
      return true;
    },
    reached(batch: { readonly partition: number; readonly next: number | null; readonly accepted: number }): void {
      if (batch.next !== null) reached.set(batch.partition, batch.next);
      accepted += batch.accepted;
    },
    window(): ScanWindow {
      const complete = !stop.aborted;
      const read = complete ? ranges : ranges.map((range) => ({ ...range, to: reached.get(range.partition) ?? range.from }));
      const times = letters === 0 ? { oldestMs: null, newestMs: null } : { oldestMs, newestMs };
      return { topic, sinceMs, untilMs, ranges: read, complete, letters, accepted, ...times };
    },
  };
}
