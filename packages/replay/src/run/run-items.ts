import { type PipelinePorts, runSlice, type SliceReport } from "@freshet/pipeline";
import { asFreshetError, type FramePort } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { BustPort } from "@freshet/store/port";
import type { Replayed } from "./replayed.js";

export interface RunItemsOptions {
  readonly rules: CompiledRules;
  /** Read-only for a plan. */
  readonly store: BustPort;
  /** What reads values that name their schema; needed where a source says `encoding: registry`. */
  readonly frames?: FramePort | undefined;
  readonly clock: { nowMs(): number };
  /** Waits so long, or until the signal. */
  readonly pause: (ms: number, stop: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
  /** How long a store that is away is waited for. */
  readonly patienceMs: number;
  /** Told that a slice is run again: of busts that were sent, no answer came. */
  readonly onAgain?: () => void;
}

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 2000;

/**
 * The service's pipeline over replayed records. What fails is counted and stays where it is: a replay writes no dead letters, and
 * nothing to the topic the events came from. Records of topics that the rules do not declare go nowhere.
 */
export function createRunItems(options: RunItemsOptions): (items: readonly Replayed[]) => Promise<SliceReport> {
  const { rules, store, frames, clock } = options;
  const ports: PipelinePorts = {
    rules,
    store,
    frames,
    kafka: { produce: async () => undefined },
    deadLetters: { topic: "", group: "", rulesHash: rules.hash },
    now: () => new Date(clock.nowMs()).toISOString(),
  };
  return (items) => {
    const records = items.flatMap(({ record, isDeclared }) => (isDeclared ? [record] : []));
    return patiently(() => runSlice(records, ports), options);
  };
}

/** Busts are idempotent: a slice that failed for a reason that time mends is run again, whole. */
async function patiently<T>(run: () => Promise<T>, { clock, pause, stop, patienceMs, onAgain }: RunItemsOptions): Promise<T> {
  const startedMs = clock.nowMs();
  for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(RETRY_MAX_MS, waitMs * 2)) {
    try {
      return await run();
    } catch (error) {
      const isLate = clock.nowMs() - startedMs + waitMs > patienceMs;
      if (asFreshetError(error).disposition !== "wait" || isLate || stop.aborted) throw error;
      onAgain?.();
      await pause(waitMs, stop);
    }
  }
}
