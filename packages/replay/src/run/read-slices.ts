import type { LogReading, OffsetRange, RecordBatch, TopicPartition } from "@freshet/kafka/port";
import { withRights } from "../dead-letters/rights.js";
import { type Choose, nonePassed, type Passed, type PassedCounts, type Replayed } from "./replayed.js";

/** Ranges that are read side by side. */
export type Stretch = readonly OffsetRange[];

/** Some chosen records of one partition, in order, and how far the partition is read when they have ended. */
export interface ReplaySlice extends TopicPartition {
  readonly items: readonly Replayed[];
  /** Read on the way, and not chosen. */
  readonly passed: PassedCounts;
  /** The next offset to read once this slice has ended. */
  readonly next: number;
}

export interface ReadSlicesOptions {
  readonly kafka: Pick<LogReading, "read">;
  readonly group: string;
  /** One after the other. */
  readonly stretches: readonly Stretch[];
  readonly choose: Choose;
  /** At most so many are chosen: they go on to their end, and nothing more is read. `null`: all. */
  readonly chosenMax?: number | null;
  readonly sliceRecordsMax: number;
  /**
   * Begins a slice, and answers with what is to be done when it has ended. The next slice of a partition begins before that; what
   * is done at their ends is done in order, as soon as they have ended.
   */
  readonly run: (slice: ReplaySlice) => Promise<() => void>;
  /** Told that reading or a slice has failed: slices under way had better end soon. */
  readonly onFailure?: () => void;
  readonly stop: AbortSignal;
}

export interface ReadEnd {
  readonly end: "ended" | "stopped";
  /** What was read: the stretches, up to where it had enough. */
  readonly read: readonly Stretch[];
}

/**
 * Reads stretches and cuts what is chosen into slices. The cuts depend on the chosen records alone, not on how the broker batches
 * them. When it returns or throws, no slice is under way any more.
 *
 * @throws FreshetError as `LogReading.read`, `choose` and `run`.
 */
export async function readSlices(options: ReadSlicesOptions): Promise<ReadEnd> {
  const read: Stretch[] = [];
  const room = { left: options.chosenMax ?? Number.POSITIVE_INFINITY };
  for (const stretch of options.stretches) {
    if (options.stop.aborted || room.left <= 0) break;
    read.push(await readStretch(stretch, options, room));
  }
  return { end: options.stop.aborted ? "stopped" : "ended", read };
}

/** How many more may be chosen. */
interface Room {
  left: number;
}

async function readStretch(stretch: Stretch, options: ReadSlicesOptions, room: Room): Promise<Stretch> {
  const ranges = stretch.filter(({ from, to }) => from < to);
  if (ranges.length === 0) return stretch;
  const enough = new AbortController();
  const stop = AbortSignal.any([options.stop, enough.signal]);
  const cutters = new Map(ranges.map((range) => [range.partition, new Cutter(range, { ...options, stop, room })]));
  const all = [...cutters.values()];
  const onBatch = async (batch: RecordBatch): Promise<void> => {
    await cutters.get(batch.partition)?.take(batch);
    if (room.left <= 0) enough.abort();
  };
  const rights = { topic: ranges[0]?.topic ?? "", group: options.group, what: "to replay what it holds" };
  try {
    await withRights(rights, options.kafka.read({ group: options.group, ranges, onBatch, stop }));
    if (options.stop.aborted) await Promise.all(all.map((cutter) => cutter.settle()));
    else await Promise.all(all.map((cutter) => (enough.signal.aborted ? cutter.close() : cutter.finish())));
  } catch (error) {
    options.onFailure?.();
    await Promise.allSettled(all.map((cutter) => cutter.settle()));
    throw error;
  }
  return enough.signal.aborted ? all.map((cutter) => cutter.read) : stretch;
}

/** So that a filter that chooses little still moves on. */
const PASSED_MAX = 5000;

interface CutterOptions extends Pick<ReadSlicesOptions, "choose" | "run" | "sliceRecordsMax" | "stop"> {
  readonly room: Room;
}

/** The open slice of one partition, and the one under way. */
class Cutter {
  readonly #range: OffsetRange;
  readonly #options: CutterOptions;
  #items: Replayed[] = [];
  #passed: Record<Passed, number> = { ...nonePassed };
  #passedCount = 0;
  #next: number;
  #underWay: Promise<void> = Promise.resolve();

  constructor(range: OffsetRange, options: CutterOptions) {
    this.#range = range;
    this.#options = options;
    this.#next = range.from;
  }

  /** What was read of the range. */
  get read(): OffsetRange {
    return { ...this.#range, to: this.#next };
  }

  async take(batch: RecordBatch): Promise<void> {
    const { choose, room, sliceRecordsMax, stop } = this.#options;
    const records = batch.records.slice();
    const chosen = await choose(records);
    for (const [at, record] of records.entries()) {
      if (stop.aborted || room.left <= 0) return;
      this.#add(chosen[at] ?? "unwanted");
      this.#next = Math.min((record.undecodable?.lastOffset ?? record.offset) + 1, this.#range.to);
      if (this.#items.length >= sliceRecordsMax || this.#passedCount >= PASSED_MAX) await this.#cut();
    }
  }

  #add(item: Replayed | Passed): void {
    if (typeof item === "string") {
      this.#passed[item]++;
      this.#passedCount++;
      return;
    }
    this.#items.push(item);
    this.#options.room.left--;
  }

  /** The range is read to its end, whatever its last offsets hold. */
  async finish(): Promise<void> {
    this.#next = this.#range.to;
    await this.close();
  }

  /** What was read goes on to its end. */
  async close(): Promise<void> {
    await this.#cut();
    await this.settle();
  }

  async settle(): Promise<void> {
    await this.#underWay;
  }

  async #cut(): Promise<void> {
    const { topic, partition } = this.#range;
    const slice = { topic, partition, items: this.#items, passed: this.#passed, next: this.#next };
    this.#items = [];
    this.#passed = { ...nonePassed };
    this.#passedCount = 0;
    const before = this.#underWay;
    const started = this.#options.run(slice);
    started.catch(() => {}); // looked at in its turn, after the one before
    this.#underWay = before.then(async () => (await started)());
    this.#underWay.catch(() => {}); // heard of at the next slice, or when all are settled
    await before;
  }
}
