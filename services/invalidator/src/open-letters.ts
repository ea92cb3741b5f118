import { randomUUID } from "node:crypto";
import type { KafkaPort, OffsetRange } from "@freshet/kafka/port";
import { type DeadReason, deadReasons, headerText, isJsonObject, type JsonValue, type KafkaRecord, parseJson } from "@freshet/protocol";

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

/** When the letter of a mark was written; of marks that do not tell: when the mark was, which then was there. */
interface MarkedTime {
  readonly ms: number;
  readonly isExact: boolean;
}

/** What was read so far. */
interface Reading {
  /** By reason: id and time of writing. */
  readonly open: Map<DeadReason, Map<string, number>>;
  /** Ids of letters that were resolved before they were read here. */
  readonly early: Map<string, MarkedTime>;
  /** By `<topic>/<partition>`: the offset to read next. */
  readonly next: Map<string, number>;
  /** Reasons of which letters were left out. */
  readonly cut: Set<DeadReason>;
  /** A mark told of a younger letter at the place of one that was read: the topic was made anew meanwhile. */
  isOver: boolean;
}

export function createOpenLetters({ kafka, deployment, lettersMax = 2000 }: OpenLettersOptions): OpenLetters {
  const [letters, jobs] = [`freshet.dlq.${deployment}`, `freshet.jobs.${deployment}`];
  let reading = begun();
  let oldest: ReadonlyMap<DeadReason, number | null> = new Map();
  return {
    async look(stop) {
      const partitions = await kafka.offsets([letters, jobs]);
      const isCutShort = partitions.some(({ topic, partition, stable }) => stable < nextOf({ topic, partition }, reading)); // made anew
      if (isCutShort || reading.isOver || [...reading.cut].some((reason) => reading.open.get(reason)?.size === 0)) reading = begun();
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
  return { open: new Map(), early: new Map(), next: new Map(), cut: new Set(), isOver: false };
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
  const id = `${partition}-${offset}`;
  const marked = early.get(id);
  early.delete(id);
  if (reason === undefined || (marked !== undefined && isAbout(marked, timestampMs))) return;
  const known = open.get(reason) ?? new Map<string, number>();
  open.set(reason, known);
  if (known.size < lettersMax) known.set(id, timestampMs);
  else cut.add(reason);
}

/** Nothing takes a mark back. Where the topic was made anew, marks of letters that lay there before are about none of its own. */
function noteMark({ key, value, timestampMs }: KafkaRecord, reading: Reading, topic: string): void {
  if (key === null || value === null) return;
  const [, id, partition, offset] = RESOLVED.exec(Buffer.from(key).toString("utf8")) ?? [];
  if (id === undefined) return;
  const marked = markedTimeOf(value, timestampMs);
  for (const known of reading.open.values()) {
    const writtenMs = known.get(id);
    if (writtenMs === undefined) continue;
    if (isAbout(marked, writtenMs)) known.delete(id);
    else if (marked.isExact && marked.ms > writtenMs) reading.isOver = true;
  }
  if (Number(offset) >= nextOf({ topic, partition: Number(partition) }, reading)) reading.early.set(id, marked);
}

function markedTimeOf(value: Uint8Array, timestampMs: number): MarkedTime {
  const { writtenAtMs: ms } = membersOf(value);
  return typeof ms === "number" || typeof ms === "bigint" ? { ms: Number(ms), isExact: true } : { ms: timestampMs, isExact: false };
}

function membersOf(value: Uint8Array): { readonly writtenAtMs?: JsonValue } {
  try {
    const content = parseJson(Buffer.from(value).toString("utf8"));
    return isJsonObject(content) ? content : {};
  } catch {
    return {};
  }
}

/** As the commands see it: a clock that is late may open a letter again, and never hides one. */
function isAbout({ ms, isExact }: MarkedTime, writtenMs: number): boolean {
  return isExact ? writtenMs === ms : writtenMs <= ms;
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
