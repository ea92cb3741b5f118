import { requireWithin } from "./bounds.js";
import type { BoundsPort, PublishedBounds, TimeBounds } from "./port.js";

const READ_EVERY_MS = 60_000;

export interface BoundsGuardOptions {
  readonly store: Pick<BoundsPort, "readBounds">;
  /** A clock that only rises, in milliseconds. */
  readonly nowMs: () => number;
}

/**
 * Asked before each lease of a family, with the bounds it is taken by; the published ones are read at the start and every minute.
 *
 * @throws FreshetError FR1006 (`usage`), as `requireWithin`, and what `readBounds` throws. The next call reads again then.
 */
export type BoundsGuard = (own: Omit<TimeBounds, "floorMs" | "tagFloorMs">, family: string) => Promise<void>;

/** Keeps whoever takes leases within the bounds that the invalidator leaves floors by. */
export function createBoundsGuard({ store, nowMs }: BoundsGuardOptions): BoundsGuard {
  let last: { readonly atMs: number; readonly published: Promise<PublishedBounds | null> } | null = null;
  return async (own, family) => {
    if (last === null || nowMs() - last.atMs >= READ_EVERY_MS) last = { atMs: nowMs(), published: store.readBounds() };
    const read = last;
    try {
      requireWithin(own, await read.published, family);
    } catch (error) {
      if (last === read) last = null;
      throw error;
    }
  };
}
