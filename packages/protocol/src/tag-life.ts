import type { TagState } from "./decide-tag.js";

/** How long an epoch lives after it was made or last bumped. A lost one is made again, which is safe; it only costs misses. */
export const epochTtlMs = 30 * 24 * 60 * 60 * 1000;

/** Reading an epoch makes it live on when less than this is left, so that most reads write nothing. */
export const epochRefreshMs = epochTtlMs / 2;

/** A tag's state is needed as long as its last floor, in milliseconds since 1970. */
export function stateEndAfterRaise({ floorTtlMs, nowUs }: { floorTtlMs: number; nowUs: number }): number {
  return Math.ceil(nowUs / 1000) + floorTtlMs;
}

/** It is needed, too, as long as a member of the index may have to be trimmed by its longest keep-until. */
export function stateEndAfterAdd(
  { keepMsMax }: Pick<TagState, "keepMsMax">,
  { floorTtlMs, skewMs, nowUs }: { floorTtlMs: number; skewMs: number; nowUs: number },
): number {
  return Math.ceil(nowUs / 1000) + keepMsMax + skewMs + floorTtlMs;
}

/** An index is needed as long as the entry that may be served longest, by the clock of another Redis. */
export function indexEndAfterAdd(args: { fillTimeUs: number; keepMs: number; skewMs: number; nowUs: number }): number {
  return Math.ceil(Math.max(args.fillTimeUs, args.nowUs) / 1000) + args.keepMs + args.skewMs;
}

/** While something is to be walked, the state never goes. */
export function isPending({ sweep, next }: Pick<TagState, "sweep" | "next">): boolean {
  return sweep !== null || next.length > 0;
}
