import { isDeepStrictEqual } from "node:util";
import { asFreshetError, type FreshetError } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { PublishedBounds } from "@freshet/store/port";

export interface BoundsPublishing {
  readonly publish: () => Promise<void>;
  readonly everyMs: number;
  /** Resolves after so many milliseconds, or at once when the signal aborts; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Aborted when the service is told to stop. */
  readonly signal: AbortSignal;
  /** A turn failed; `attempts` counts those in a row. The next turn tries again. */
  readonly onTrouble: (error: FreshetError, attempts: number) => void;
}

/** The time bounds of the rules file, and those of families that have their own. */
export function boundsOf(rules: Pick<CompiledRules, "bounds" | "families">): PublishedBounds {
  const own = [...rules.families.values()].filter(({ bounds }) => !isDeepStrictEqual(bounds, rules.bounds));
  return { ...rules.bounds, families: Object.fromEntries(own.map(({ name, bounds }) => [name, bounds])) };
}

/**
 * Publishes again and again, for Redis can lose what was published at the start (FLUSHALL, a restore), and whoever takes
 * leases then finds none. Resolves once the signal has aborted.
 */
export async function keepPublishing({ publish, everyMs, sleep, signal, onTrouble }: BoundsPublishing): Promise<void> {
  let attempts = 0;
  for (;;) {
    await sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      await publish();
      attempts = 0;
    } catch (error) {
      if (signal.aborted) return;
      attempts += 1;
      onTrouble(asFreshetError(error), attempts);
    }
  }
}
