import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createSweeper, type SweepEvents, type Sweeper, type SweepSettings } from "@freshet/pipeline";
import type { CompiledRules } from "@freshet/rules";
import type { BustPort, StorePort } from "@freshet/store/port";

export interface SweepingOptions {
  readonly store: StorePort;
  readonly rules: CompiledRules;
  readonly clock: { nowMs(): number };
  readonly events: SweepEvents;
  readonly settings: Partial<SweepSettings> | undefined;
}

/** The sweeper of a service that applies. It is started once the store has been checked. */
export function createSweeping({ store, rules, clock, events, settings }: SweepingOptions): Sweeper {
  return createSweeper({
    store,
    rules,
    events,
    newId: randomUUID,
    settings,
    scheduler: { nowMs: () => clock.nowMs(), sleep: abortableSleep },
  });
}

/** A store that tells the sweeper when a tag of this process waits for its walk, also when the slice fails afterwards. */
export function nudging(store: BustPort, sweeper: Pick<Sweeper, "nudge">): BustPort {
  return {
    ...store,
    bustTags: async (busts) => {
      const outcomes = await store.bustTags(busts);
      if (outcomes.includes("pending")) sweeper.nudge();
      return outcomes;
    },
  };
}

/** Resolves after so many milliseconds, or at once when the signal aborts; it keeps no process alive. */
export async function abortableSleep(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
