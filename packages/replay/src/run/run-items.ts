import { type PipelinePorts, runSlice, type SliceReport } from "@freshet/pipeline";
import type { FramePort } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { BustPort } from "@freshet/store/port";
import { type Patience, patiently } from "./patiently.js";
import type { Replayed } from "./replayed.js";

export interface RunItemsOptions extends Patience {
  readonly rules: CompiledRules;
  /** Read-only for a plan. */
  readonly store: BustPort;
  /** What reads values that name their schema; needed where a source says `encoding: registry`. */
  readonly frames?: FramePort | undefined;
  /** Told that a slice is run again: of busts that were sent, no answer came. */
  readonly onAgain?: () => void;
}

/**
 * The service's pipeline over replayed records. What fails is counted and stays where it is: a replay writes no dead letters, and
 * nothing to the topic the events came from. Records of topics that the rules do not declare go nowhere. Busts are idempotent: a slice
 * that failed for a reason that time mends is run again, whole.
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
    return patiently(() => runSlice(records, ports), options, options.onAgain);
  };
}
