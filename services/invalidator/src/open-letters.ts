import { randomUUID } from "node:crypto";
import type { KafkaPort, OffsetRange, PartitionOffsets } from "@freshet/kafka/port";
import { type DeadReason, deadReasons, headerText, type KafkaRecord } from "@freshet/protocol";
import { isAbout, letterIdOf, type Mark, ResolvedLetters, readMark } from "@freshet/replay/marks";

/** Which dead letters of a deployment nobody has resolved yet, as far as it takes to know the oldest of each reason. */
export interface OpenLetters {
  /**
   * Reads what was written since the last look: dead letters, and marks of those that were resolved.
   *
   * @throws FreshetError as `LogReading` does; the next look goes on where this one ended.
   */
  look(stop: AbortSignal): Promise<void>;
  /** When the oldest open letter of each reason was written, in milliseconds since 1970, `null` where none is open; empty before the first look. */
  oldest(): ReadonlyMap<DeadReason, number | null>;
}

export interface OpenLettersOptions {
  readonly kafka: Pick<KafkaPort, "offsets" | "read" | "deleteGroup">;
  readonly deployment: string;
  /** Of each reason so many are remembered, the oldest; once all of those are resolved, the topics are read anew. 2,000 by default. */
  readonly lettersMax?: number;
  /** So many places of letters are looked at with one reading of the marks, 8 bytes each; 500,000 by default. */
  readonly windowOffsets?: number;
}

/** What was read so far. */
interface Reading {
  /** By reason: id and time of writing. */
  readonly open: Map<DeadReason, Map<string, number>>;
  /** By `<topic>/<partition>`: the offset to read next. */
  readonly next: Map<string, number>;
  /** Reasons of which letters were left out. */
  readonly cut: Set<DeadReason>;
  /** A mark changed what was read before in a way that only reading anew tells: it was taken away, say, or is of another topic's letter. */
  isOver: boolean;
}

export function createOpenLetters({ kafka, deployment, lettersMax = 2000, windowOffsets = 500_000 }: OpenLettersOptions): OpenLetters {
  const [letters, jobs] = [`freshet.dlq.${deployment}`, `freshet.jobs.${deployment}`];
  let reading = begun();
  let oldest: ReadonlyMap<DeadReason, number | null> = new Map();
  return {
    async look(stop) {
      // The ends of the letters after those of the marks: each mark that is read is about a letter below these.
      const marksAt = await kafka.offsets([jobs]);
      const lettersAt = await kafka.offsets([letters]);
      if (isOver([...marksAt, ...lettersAt], reading)) reading = begun();
      const marks = restOf(marksAt, reading);
      const known = new MarkWindow(lettersAt.map((at) => ({ ...at, from: at.earliest, to: nextOf(at, reading) })));
      forgetBefore(new Map(lettersAt.map((at) => [at.partition, at.earliest])), reading);
      const group = `freshet-${deployment}-look-${randomUUID()}`;
      for (const [at, ranges] of windowsOf(restOf(lettersAt, reading), windowOffsets).entries()) {
        // Marks first, so that none of the few letters that are remembered is a resolved one; those of the window alone are kept.
        const window = new MarkWindow(ranges);
        const takeMark = (record: KafkaRecord): void => {
          const mark = readMark(record);
          if (mark === null || window.keeps(mark)) return;
          if (at === 0 && known.has(mark)) noteMark(mark, reading);
        };
        await readRanges({ group, stop, ranges: marks }, { kafka, take: takeMark });
        await readRanges({ group, stop, ranges }, { kafka, take: (record) => noteLetter(record, { reading, window, lettersMax }) });
        if (stop.aborted) return;
        move(ranges, reading);
      }
      move(marks, reading); // not before: a look that fails between reads them again
      oldest = new Map(deadReasons.map((reason) => [reason, oldestOf(reading.open.get(reason))]));
    },
    oldest: () => oldest,
  };
}

function begun(): Reading {
  return { open: new Map(), next: new Map(), cut: new Set(), isOver: false };
}

/** Whether all is to be read anew: a topic was made anew, or none of the letters that are remembered is open. */
function isOver(partitions: readonly PartitionOffsets[], reading: Reading): boolean {
  const isCutShort = partitions.some((at) => at.stable < nextOf(at, reading));
  return isCutShort || reading.isOver || [...reading.cut].some((reason) => reading.open.get(reason)?.size === 0);
}

function nextOf({ topic, partition }: Pick<OffsetRange, "topic" | "partition">, { next }: Reading): number {
  return next.get(`${topic}/${partition}`) ?? 0;
}

function move(ranges: readonly OffsetRange[], { next }: Reading): void {
  for (const { topic, partition, to } of ranges) next.set(`${topic}/${partition}`, to);
}

/** What was not read yet. */
function restOf(partitions: readonly PartitionOffsets[], reading: Reading): readonly OffsetRange[] {
  return partitions.map((at) => {
    const { topic, partition, earliest, stable } = at;
    return { topic, partition, from: Math.max(earliest, nextOf(at, reading)), to: stable };
  });
}

/** The same ranges in pieces, of at most so many offsets together; one piece where nothing is to be read. */
function windowsOf(ranges: readonly OffsetRange[], offsetsMax: number): readonly (readonly OffsetRange[])[] {
  const step = Math.max(1, Math.floor(offsetsMax / Math.max(1, ranges.length)));
  const pieces = Math.max(1, ...ranges.map(({ from, to }) => Math.ceil((to - from) / step)));
  return Array.from({ length: pieces }, (_, at) =>
    ranges.map((range) => ({
      ...range,
      from: Math.min(range.from + at * step, range.to),
      to: Math.min(range.from + (at + 1) * step, range.to),
    })),
  );
}

interface Wanted {
  readonly group: string;
  readonly ranges: readonly OffsetRange[];
  readonly stop: AbortSignal;
}

interface Taking {
  readonly kafka: OpenLettersOptions["kafka"];
  readonly take: (record: KafkaRecord) => void;
}

/** With a group that is there for nothing else; without members the brokers forget one that could not be deleted. */
async function readRanges({ group, ranges, stop }: Wanted, { kafka, take }: Taking): Promise<void> {
  const wanted = ranges.filter(({ from, to }) => from < to);
  if (wanted.length === 0 || stop.aborted) return;
  try {
    const onBatch = async ({ records }: { readonly records: Iterable<KafkaRecord> }): Promise<void> => {
      for (const record of records) take(record);
    };
    await kafka.read({ group, ranges: wanted, stop, onBatch });
  } finally {
    await kafka.deleteGroup(group).catch(() => undefined);
  }
}

/** Some places of letters, and marks of those that lie there. */
class MarkWindow {
  readonly #ranges: ReadonlyMap<number, OffsetRange>;
  readonly #resolved = new ResolvedLetters();

  constructor(ranges: readonly OffsetRange[]) {
    this.#ranges = new Map(ranges.map((range) => [range.partition, range]));
  }

  has({ letter: { partition, offset } }: Mark): boolean {
    const range = this.#ranges.get(partition);
    return range !== undefined && offset >= range.from && offset < range.to;
  }

  /** Keeps a mark that is about one of them; no other takes memory. */
  keeps(mark: Mark): boolean {
    const isWithin = this.has(mark);
    if (isWithin) this.#resolved.set(mark.letter, mark.time);
    return isWithin;
  }

  holds({ partition, offset, timestampMs }: KafkaRecord): boolean {
    return this.#resolved.has(partition, offset, timestampMs);
  }
}

interface LetterNotes {
  readonly reading: Reading;
  readonly window: MarkWindow;
  readonly lettersMax: number;
}

/** Whoever may write to the topic may write any reason: one that is none of ours is left out. */
function noteLetter(record: KafkaRecord, { reading: { open, cut }, window, lettersMax }: LetterNotes): void {
  const told = headerText(record.headers, "freshet-reason");
  const reason = deadReasons.find((known) => known === told);
  if (reason === undefined) return;
  const known = open.get(reason) ?? new Map<string, number>();
  open.set(reason, known);
  const id = letterIdOf(record);
  // After a look that failed, letters come again.
  if (window.holds(record)) known.delete(id);
  else if (known.has(id) || (known.size < lettersMax && !cut.has(reason))) known.set(id, record.timestampMs);
  else cut.add(reason); // and no younger one in its place
}

/** A mark of a letter that was read before. Where letters were left out, it may be about one of those. */
function noteMark({ letter, time }: Mark, reading: Reading): void {
  const id = letterIdOf(letter);
  const known = [...reading.open.values()].find((some) => some.has(id));
  const writtenMs = known?.get(id);
  if (writtenMs === undefined) reading.isOver ||= time === null || reading.cut.size === 0;
  else if (time !== null && isAbout(time, writtenMs)) known?.delete(id);
  else reading.isOver ||= time?.kind === "at" && time.ms > writtenMs;
}

/** What retention has taken cannot be replayed any more. */
function forgetBefore(earliest: ReadonlyMap<number, number>, { open }: Reading): void {
  for (const known of open.values()) {
    for (const id of known.keys()) {
      const [partition, offset] = id.split("-");
      if (Number(offset) < (earliest.get(Number(partition)) ?? 0)) known.delete(id);
    }
  }
}

function oldestOf(known: ReadonlyMap<string, number> | undefined): number | null {
  let oldestMs: number | null = null;
  for (const writtenMs of known?.values() ?? []) if (oldestMs === null || writtenMs < oldestMs) oldestMs = writtenMs;
  return oldestMs;
}
