import type { LogReading, OffsetRange, RecordBatch, TopicPartition } from "@freshet/kafka/port";
import { withRights } from "../dead-letters/rights.js";
import type { Choose, Replayed } from "./replayed.js";

/** Ranges that are read side by side. */
export type Stretch = readonly OffsetRange[];

/** Some chosen records of one partition, in order, and how far the partition is read when they have ended. */
export interface ReplaySlice extends TopicPartition {
  readonly items: readonly Replayed[];
  /** Read on the way, and not chosen. */
  readonly passed: number;
  /** The next offset to read once this slice has ended. */
  readonly next: number;
}

export interface ReadSlicesOptions {
  readonly kafka: Pick<LogReading, "read">;
  readonly group: string;
  /** One after the other. */
  readonly stretches: readonly Stretch[];
  readonly choose: Choose;
  /** True once enough was chosen: what is chosen goes on to its end, nothing more is read. */
  readonly hasEnough?: () => boolean;
  readonly sliceRecordsMax: number;
  /**
   * Begins a slice, and answers with what is to be done when it has ended. The next slice of a partition begins before that; what
   * is done at their ends is done in order, as soon as they have ended.
   */
  readonly run: (slice: ReplaySlice) => Promise<() => void>;
  readonly stop: AbortSignal;
}

export interface ReadEnd {
  readonly end: "ended" | "stopped";
  /** What was read: the stretches, up to where it had enough. */
  readonly read: readonly Stretch[];
}

/**
 * Reads stretches and cuts what is chosen into slices. The cuts depend on the chosen records alone, not on how the broker batches
 * them. Resolves when all is done, or when it was stopped: then slices under way have ended.
 *
 * @throws FreshetError as `LogReading.read` and `run`.
 */
export async function readSlices(options: ReadSlicesOptions): Promise<ReadEnd> {
  const read: Stretch[] = [];
  for (const stretch of options.stretches) {
    if (options.stop.aborted || options.hasEnough?.() === true) break;
    read.push(await readStretch(stretch, options));
  }
  return { end: options.stop.aborted ? "stopped" : "ended", read };
}

async function readStretch(stretch: Stretch, options: ReadSlicesOptions): Promise<Stretch> {
  const ranges = stretch.filter(({ from, to }) => from < to);
  if (ranges.length === 0) return stretch;
  const enough = new AbortController();
  const stop = AbortSignal.any([options.stop, enough.signal]);
  const cutters = new Map(ranges.map((range) => [range.partition, new Cutter(range, { ...options, stop })]));
  const onBatch = async (batch: RecordBatch): Promise<void> => {
    await cutters.get(batch.partition)?.take(batch);
    if (options.hasEnough?.() === true) enough.abort();
  };
  const rights = { topic: ranges[0]?.topic ?? "", group: options.group, what: "to replay what it holds" };
  await withRights(rights, options.kafka.read({ group: options.group, ranges, onBatch, stop }));
  const all = [...cutters.values()];
  if (options.stop.aborted) await Promise.all(all.map((cutter) => cutter.settle()));
  else await Promise.all(all.map((cutter) => (enough.signal.aborted ? cutter.close() : cutter.finish())));
  return enough.signal.aborted ? all.map((cutter) => cutter.read) : stretch;
}

/** So that a filter that chooses little still moves on. */
const PASSED_MAX = 5000;

/** The open slice of one partition, and the one under way. */
class Cutter {
  readonly #range: OffsetRange;
  readonly #options: ReadSlicesOptions;
  #items: Replayed[] = [];
  #passed = 0;
  #next: number;
  #underWay: Promise<void> = Promise.resolve();

  constructor(range: OffsetRange, options: ReadSlicesOptions) {
    this.#range = range;
    this.#options = options;
    this.#next = range.from;
  }

  /** What was read of the range. */
  get read(): OffsetRange {
    return { ...this.#range, to: this.#next };
  }

  async take({ records }: RecordBatch): Promise<void> {
    for (const record of records) {
      if (this.#options.stop.aborted || this.#options.hasEnough?.() === true) return;
      const item = this.#options.choose(record);
      if (item === null) this.#passed++;
      else this.#items.push(item);
      this.#next = (record.undecodable?.lastOffset ?? record.offset) + 1;
      if (this.#items.length >= this.#options.sliceRecordsMax || this.#passed >= PASSED_MAX) await this.#cut();
    }
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
    this.#passed = 0;
    const before = this.#underWay;
    const started = this.#options.run(slice);
    started.catch(() => {}); // looked at in its turn, after the one before
    this.#underWay = before.then(async () => (await started)());
    this.#underWay.catch(() => {}); // heard of at the next slice, or when all are settled
    await before;
  }
}
