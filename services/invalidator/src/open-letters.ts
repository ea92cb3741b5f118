import { randomUUID } from "node:crypto";
import type { KafkaPort, OffsetRange } from "@freshet/kafka/port";
import { type DeadReason, deadReasons, headerText, type KafkaRecord } from "@freshet/protocol";

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
}

const RESOLVED = /^resolved\/((\d+)-(\d+))$/;

/** What was read so far. */
interface Reading {
  /** By reason: id and time of writing. */
  readonly open: Map<DeadReason, Map<string, number>>;
  /** Ids that were resolved before their letter was read here. */
  readonly early: Set<string>;
  /** By `<topic>/<partition>`: the offset to read next. */
  readonly next: Map<string, number>;
  /** Reasons of which letters were left out. */
  readonly cut: Set<DeadReason>;
}

export function createOpenLetters({ kafka, deployment, lettersMax = 2000 }: OpenLettersOptions): OpenLetters {
  const [letters, jobs] = [`freshet.dlq.${deployment}`, `freshet.jobs.${deployment}`];
  let reading = begun();
  let oldest: ReadonlyMap<DeadReason, number | null> = new Map();
  return {
    async look(stop) {
      const partitions = await kafka.offsets([letters, jobs]);
      const isCutShort = partitions.some(({ topic, partition, stable }) => stable < nextOf({ topic, partition }, reading)); // made anew
      if (isCutShort || [...reading.cut].some((reason) => reading.open.get(reason)?.size === 0)) reading = begun();
      const ranges = partitions.map((at) => ({
        topic: at.topic,
        partition: at.partition,
        from: Math.max(at.earliest, nextOf(at, reading)),
        to: at.stable,
      }));
      // Marks first, so that none of the few letters that are remembered is a resolved one.
      const group = `freshet-${deployment}-look-${randomUUID()}`;
      const of = (wanted: string) => ({ group, stop, ranges: ranges.filter(({ topic, from, to }) => topic === wanted && from < to) });
      await readOn(of(jobs), { kafka, reading, take: (record) => noteMark(record, reading, letters) });
      await readOn(of(letters), { kafka, reading, take: (record) => noteLetter(record, reading, lettersMax) });
      forgetBefore(new Map(partitions.filter(({ topic }) => topic === letters).map((at) => [at.partition, at.earliest])), reading);
      oldest = new Map(deadReasons.map((reason) => [reason, oldestOf(reading.open.get(reason))]));
    },
    oldest: () => oldest,
  };
}

function begun(): Reading {
  return { open: new Map(), early: new Set(), next: new Map(), cut: new Set() };
}

function nextOf({ topic, partition }: Pick<OffsetRange, "topic" | "partition">, { next }: Reading): number {
  return next.get(`${topic}/${partition}`) ?? 0;
}

interface Taking {
  readonly kafka: OpenLettersOptions["kafka"];
  readonly reading: Reading;
  readonly take: (record: KafkaRecord) => void;
}

/** With a group that is there for nothing else; without members the brokers forget one that could not be deleted. */
async function readOn(
  { group, ranges, stop }: { readonly group: string; readonly ranges: readonly OffsetRange[]; readonly stop: AbortSignal },
  { kafka, reading, take }: Taking,
): Promise<void> {
  if (ranges.length === 0) return;
  try {
    await kafka.read({
      group,
      ranges,
      stop,
      onBatch: async ({ topic, partition, records }) => {
        for (const record of records) {
          take(record);
          reading.next.set(`${topic}/${partition}`, record.offset + 1);
        }
      },
    });
    if (!stop.aborted) for (const { topic, partition, to } of ranges) reading.next.set(`${topic}/${partition}`, to);
  } finally {
    await kafka.deleteGroup(group).catch(() => undefined);
  }
}

/** Whoever may write to the topic may write any reason: one that is none of ours is left out. */
function noteLetter({ partition, offset, timestampMs, headers }: KafkaRecord, { open, early, cut }: Reading, lettersMax: number): void {
  const told = headerText(headers, "freshet-reason");
  const reason = deadReasons.find((known) => known === told);
  if (reason === undefined || early.delete(`${partition}-${offset}`)) return;
  const known = open.get(reason) ?? new Map<string, number>();
  open.set(reason, known);
  if (known.size < lettersMax) known.set(`${partition}-${offset}`, timestampMs);
  else cut.add(reason);
}

/** Nothing takes a mark back. */
function noteMark({ key, value }: KafkaRecord, reading: Reading, topic: string): void {
  const [, id, partition, offset] = RESOLVED.exec(key === null || value === null ? "" : Buffer.from(key).toString("utf8")) ?? [];
  if (id === undefined || [...reading.open.values()].some((known) => known.delete(id))) return;
  if (Number(offset) >= nextOf({ topic, partition: Number(partition) }, reading)) reading.early.add(id);
}

/** What retention has taken cannot be replayed any more. */
function forgetBefore(earliest: ReadonlyMap<number, number>, { open, early }: Reading): void {
  for (const known of [...open.values(), early]) {
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
