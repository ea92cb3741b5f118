import type { LogReading, OffsetRange } from "@freshet/kafka/port";
import type { SliceReport } from "@freshet/pipeline";
import type { FramePort } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { readOnly, type StorePort } from "@freshet/store/port";
import { durationMs, type Rates, sliceRecords } from "../run/pace.js";
import { type ReplaySlice, readSlices, type Stretch } from "../run/read-slices.js";
import type { PassedCounts, Replayed } from "../run/replayed.js";
import { createRunItems } from "../run/run-items.js";
import { createChoose, type IsResolved } from "../select/choose.js";
import type { Order, Selection } from "../select/selection.js";
import { snapshot } from "../select/snapshot.js";
import { offsetsIn } from "../select/stretches.js";
import { type CloserFindings, CloserLook } from "./closer-look.js";
import type { Counts } from "./counts.js";
import { forced } from "./force.js";
import { type OutcomeChange, OutcomeChanges } from "./outcome-changes.js";
import { Tally } from "./tally.js";

/** What both a plan and a run need from outside. */
export interface ReplayPorts {
  readonly kafka: Pick<LogReading, "read" | "offsets" | "offsetsAt" | "deleteGroup">;
  readonly store: StorePort;
  /** What reads values that name their schema; needed where a source says `encoding: registry`. */
  readonly frames?: FramePort | undefined;
  readonly clock: { nowMs(): number };
  /** Waits so long, or until the signal. */
  readonly pause: (ms: number, stop: AbortSignal) => Promise<void>;
}

export interface ReplayOptions {
  readonly selection: Selection;
  readonly order: Order;
  readonly rules: CompiledRules;
  /** Versions are ignored: every bust is blind. */
  readonly force: boolean;
  readonly rates: Rates;
  readonly isResolved: IsResolved;
}

export interface PlanOptions extends ReplayOptions {
  /** A consumer group of this plan's own; deleted at its end. */
  readonly group: string;
  /** The rules that run now, to compare with; `null`: nothing to compare. */
  readonly running: CompiledRules | null;
  /** At most so many records; `null`: all. */
  readonly limit: number | null;
  readonly stop: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** How far a reading came, in offsets: the log may have gaps. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly records: number;
}

/** What a replay would do, told before anything is done. */
export interface ReplayPlan {
  readonly selection: Selection;
  readonly rulesHash: string;
  readonly force: boolean;
  readonly order: Order;
  /** What the run would read: fixed. */
  readonly stretches: readonly Stretch[];
  /** What the run would not read, for open transactions hold it back: offsets, and where they lie. */
  readonly heldBack: { readonly offsets: number; readonly ranges: readonly OffsetRange[] };
  readonly counts: Counts;
  readonly closer: CloserFindings;
  /** Under the rules that run now. */
  readonly comparison: {
    readonly rulesHash: string;
    readonly counts: Counts;
    readonly same: number;
    readonly changes: readonly OutcomeChange[];
  } | null;
  readonly rates: Rates;
  /** How long it would take at these rates; `null` without any. */
  readonly expectedMs: number | null;
  /** Whether the limit left records out. */
  readonly limited: boolean;
}

/** Records a slice at most; as the service's. A plan takes the run's own, for what one slice holds is merged. */
export const SLICE_RECORDS_MAX = 200;
/** Somebody waits for a plan at a terminal. */
const PATIENCE_MS = 5000;

/**
 * Runs the whole replay against a read-only store: the plan is what the pipeline itself answers. Writes nothing anywhere.
 * `null` when it was stopped before it was done.
 *
 * @throws FreshetError `usage` for what cannot be replayed; as the ports do.
 */
export async function planReplay(ports: ReplayPorts, options: PlanOptions): Promise<ReplayPlan | null> {
  const { stretches, heldBack } = await snapshot(ports.kafka, options.selection, options.order);
  const view = createView(ports, options);
  const total = offsetsIn(stretches);
  let done = 0;
  const reached = new Map<string, number>();
  const run = async (slice: ReplaySlice): Promise<() => void> => {
    const looked = await view.look(slice.items);
    return () => {
      looked(slice.passed);
      done += advance(reached, slice, stretches);
      options.onProgress({ done, total, records: view.tally.records });
    };
  };
  const patience = { clock: ports.clock, pause: ports.pause, stop: options.stop, patienceMs: PATIENCE_MS };
  try {
    const { end, read } = await readSlices({
      kafka: ports.kafka,
      group: options.group,
      stretches,
      choose: createChoose({ ...options, frames: ports.frames, patience }),
      chosenMax: options.limit,
      sliceRecordsMax: sliceRecords(options.rates, SLICE_RECORDS_MAX),
      run,
      stop: options.stop,
    });
    return end === "stopped"
      ? null
      : planOf(options, view, {
          stretches: read,
          limited: offsetsIn(read) < total,
          heldBack: { offsets: offsetsIn([heldBack]), ranges: heldBack },
        });
  } finally {
    await ports.kafka.deleteGroup(options.group).catch(() => {}); // it is empty, and the brokers forget it by themselves
  }
}

/** Offsets that this slice moved its partition on by. */
function advance(reached: Map<string, number>, slice: ReplaySlice, stretches: readonly Stretch[]): number {
  const range = stretches.flat().find(({ partition, from, to }) => partition === slice.partition && slice.next > from && slice.next <= to);
  if (range === undefined) return 0;
  const name = `${range.partition}/${range.from}`;
  const before = reached.get(name) ?? range.from;
  reached.set(name, slice.next);
  return slice.next - before;
}

/** The pipeline with a store that only answers, under the rules wanted and, to compare, under those that run. */
function createView(ports: ReplayPorts, options: PlanOptions) {
  const { clock, frames, pause } = ports;
  const store = readOnly(ports.store);
  const runner = (rules: CompiledRules) =>
    createRunItems({ rules, store, frames, clock, pause, stop: options.stop, patienceMs: PATIENCE_MS });
  const wanted = { tally: new Tally(), run: runner(options.force ? forced(options.rules) : options.rules) };
  const running = options.running === null ? null : { tally: new Tally(), run: runner(options.running), rules: options.running };
  const changes = new OutcomeChanges();
  const closer = new CloserLook(store);
  const look = async (items: readonly Replayed[]): Promise<(passed: PassedCounts) => void> => {
    const reports: readonly [SliceReport, SliceReport | null] = await Promise.all([
      wanted.run(items),
      running === null ? null : running.run(items),
    ]);
    await closer.look(reports[0]);
    return (passed) => {
      const [report, before] = reports;
      wanted.tally.pass(passed);
      wanted.tally.add(items, report);
      if (running === null || before === null) return;
      running.tally.pass(passed);
      running.tally.add(items, before);
      changes.add(before, report);
    };
  };
  return { tally: wanted.tally, running, changes, closer, look };
}

function planOf(
  { selection, rules, force, order, rates }: PlanOptions,
  { tally, running, changes, closer }: ReturnType<typeof createView>,
  read: Pick<ReplayPlan, "stretches" | "limited" | "heldBack">,
): ReplayPlan {
  const counts = tally.counts();
  const comparison =
    running === null
      ? null
      : { rulesHash: running.rules.hash, counts: running.tally.counts(), same: changes.same, changes: changes.list() };
  const isPaced = rates.recordsPerSecond !== null || rates.bustsPerSecond !== null;
  const expectedMs = isPaced ? Math.ceil(durationMs({ records: counts.records.chosen, busts: counts.busts }, rates)) : null;
  const known = { selection, rulesHash: rules.hash, force, order, rates };
  return { ...known, ...read, counts, closer: closer.findings(), comparison, expectedMs };
}
