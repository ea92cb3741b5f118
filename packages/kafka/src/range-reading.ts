import type { KafkaRecord } from "@freshet/protocol";
import type { ClusterCalls } from "./cluster-calls.js";
import { nameOfPartition } from "./gate.js";
import { GroupSeat, type SeatTiming } from "./group-seat.js";
import type { OffsetRange, ReadOptions, RecordBatch, RecordList } from "./port.js";
import { createRangeFetcher, type Fetched, type RangeFetcher } from "./range-fetching.js";
import { checkRanges } from "./reading-checks.js";

export interface ReadingTiming extends SeatTiming {
  readonly commitIntervalMs: number;
  /** How long a fetch waits where nothing is there yet. */
  readonly fetchWaitMs: number;
}

export const defaultReadingTiming: ReadingTiming = {
  sessionMs: 10_000,
  heartbeatMs: 2500,
  leaveWaitMs: 12_000, // longer than a session: who was killed is gone by then
  patienceMs: 75_000, // as long as consumers sit out an outage
  commitIntervalMs: 1000,
  fetchWaitMs: 250,
};

export interface ReadingContext {
  readonly calls: ClusterCalls;
  readonly timing: ReadingTiming;
  readonly maxBytesPerPartition: number;
}

/**
 * Reads ranges by fetches of our own, as the only member of the group: no consumer has to be sent to the right place, so no
 * record before it is ever read, and positions come from what a fetch covered and not from the records it brought. While some
 * records are handled the next ones are fetched.
 */
export async function readRanges(options: ReadOptions, context: ReadingContext): Promise<void> {
  const { calls, timing } = context;
  const led = await calls.leaders(options.ranges.map(({ topic }) => topic));
  const known = new Set(led.map(nameOfPartition));
  checkRanges(options.ranges, (at) => known.has(nameOfPartition(at)));
  if (options.stop.aborted) return;
  const failed = new AbortController();
  const stop = AbortSignal.any([options.stop, failed.signal]);
  const seat = new GroupSeat({ group: options.group, calls, stop, timing });
  try {
    await seat.take((error) => failed.abort(error));
    await new Reading(options, { seat, fetcher: createRangeFetcher(led, { ...context, stop }), stop, timing }).run();
    if (failed.signal.aborted) throw failed.signal.reason;
  } finally {
    await seat.leave();
  }
}

interface ReadingParts {
  readonly seat: GroupSeat;
  readonly fetcher: RangeFetcher;
  readonly stop: AbortSignal;
  readonly timing: ReadingTiming;
}

class Reading {
  readonly #options: ReadOptions;
  readonly #parts: ReadingParts;
  /** What is handled of each range, as the next offset. */
  readonly #handled = new Map<OffsetRange, number>();
  readonly #committed = new Map<OffsetRange, number>();
  #committedMs = performance.now();

  constructor(options: ReadOptions, parts: ReadingParts) {
    this.#options = options;
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { ranges } = this.#options;
    const { fetcher, stop } = this.#parts;
    for (const range of ranges) this.#handled.set(range, range.from);
    await this.#commit();
    const next = new Map(ranges.map((range) => [range, range.from]));
    const left = (): OffsetRange[] => ranges.filter((range) => (next.get(range) ?? 0) < range.to);
    const fetch = (): Promise<readonly Fetched[]> =>
      fetcher.fetch(left().map((range) => ({ range, position: next.get(range) ?? range.from })));
    try {
      let fetched = left().length === 0 ? [] : await fetch();
      while (!stop.aborted && (fetched.length > 0 || left().length > 0)) {
        for (const part of fetched) next.set(part.range, part.next);
        const coming = left().length === 0 ? Promise.resolve([]) : fetch();
        coming.catch(() => undefined); // what is wrong with it is thrown where it is awaited, or does not matter any more
        await this.#handle(fetched);
        if (performance.now() - this.#committedMs >= this.#parts.timing.commitIntervalMs) await this.#commit();
        if (stop.aborted) break;
        fetched = await coming;
      }
    } finally {
      await this.#commit().catch((error: unknown) => {
        if (!stop.aborted) throw error;
      });
    }
  }

  /** All handlers end, also when one fails. */
  async #handle(fetched: readonly Fetched[]): Promise<void> {
    const endings = await Promise.allSettled(
      fetched.map(async ({ range, batch, next }) => {
        const within = inRange(batch, range, this.#handled.get(range) ?? range.from);
        if (within.records.length > 0) await this.#options.onBatch(within);
        this.#handled.set(range, Math.min(next, range.to));
      }),
    );
    for (const ending of endings) if (ending.status === "rejected") throw ending.reason;
  }

  async #commit(): Promise<void> {
    this.#committedMs = performance.now();
    const moved = [...this.#handled].filter(([range, offset]) => this.#committed.get(range) !== offset);
    await this.#parts.seat.commit(moved.map(([{ topic, partition }, offset]) => ({ topic, partition, offset })));
    for (const [range, offset] of moved) this.#committed.set(range, offset);
  }
}

/** Fetches bring whole batches: what lies before the position or behind the range came along. */
function inRange(batch: RecordBatch, { to }: OffsetRange, position: number): RecordBatch {
  const { records } = batch;
  const first = records.at(0);
  const last = records.at(-1);
  if (first === undefined || last === undefined || (first.offset >= position && last.offset < to)) return batch;
  // a range that nobody could decode counts where it begins
  const counts = ({ offset, undecodable }: KafkaRecord): boolean => offset >= position && (undecodable?.firstOffset ?? offset) < to;
  const kept: RecordList = records.slice().filter(counts);
  return { ...batch, records: kept };
}
