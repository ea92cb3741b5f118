import type { BustFact } from "./bust.js";
import type { OnUnversioned } from "./entry.js";
import type { EntryState } from "./entry-state.js";
import { covers, type Floors, liveFloors, raiseFloor, standsUnderFloor } from "./floors.js";
import { limits } from "./limits.js";
import type { BustOutcome } from "./outcome.js";

export { bumpEpoch, getEpoch, validity } from "./decide-epoch.js";
export { drop, fill, lease, promote, setIfNewer } from "./decide-fill.js";
export {
  claimSweep,
  endSweep,
  fillTimeFault,
  indexAdd,
  indexRemove,
  moveSweep,
  raiseTag,
  sweepBound,
  sweepPage,
  trimBefore,
} from "./decide-tag.js";

export interface BustArguments extends BustFact {
  readonly leaveFloor: boolean;
  readonly onUnversioned: OnUnversioned;
  /** F, in milliseconds. A floor lives up to and including raised-at + F. */
  readonly floorTtlMs: number;
  /** How long a softened entry may still be served, in milliseconds. */
  readonly staleTtlMs: number;
  /** The time of the key's own Redis, in microseconds. */
  readonly nowUs: number;
}

export interface BustStep {
  readonly outcome: BustOutcome;
  /** Whether the value goes away. */
  readonly remove: boolean;
  /** Set when the value is marked stale. */
  readonly soften: EntryState["softened"];
  /** Floors and lease afterwards; `null` when they stay untouched. */
  readonly write: Pick<EntryState, "floors" | "blindFloor" | "lease"> | null;
}

/**
 * The bust step (`protocol.md` section 5): removes the value, or marks it stale, unless it covers the event, and leaves a
 * floor so that no load that began earlier can bring it back. Pure; `bust.lua` does the same on Redis, and a test holds
 * them together. It goes by what lies there: a value that readers no longer see (expired, not yet promoted) is removed too.
 */
export function bust(state: EntryState, args: BustArguments): BustStep {
  const floors = liveFloors(state, args);
  const lease = state.lease !== null && state.lease.deadlineUs > args.nowUs ? state.lease : null;
  if (args.leaveFloor && standsUnderFloor(floors.floors, args)) {
    return { outcome: state.value === null ? "absent" : "covered", remove: false, soften: null, write: null };
  }
  const outcome = outcomeOf(state.value, args);
  const remove = outcome === "removed" || (outcome === "unversioned" && args.onUnversioned === "bust");
  const soften = outcome === "softened" ? softened(state, args) : null;
  const isOutOfReach = state.value === "foreign" && !remove;
  if (args.leaveFloor && !isOutOfReach) {
    const raised = raiseFloor(floors, args, { max: limits.floorsPerEntryMax, nowUs: args.nowUs });
    return { outcome, remove, soften, write: { ...raised, lease } };
  }
  return { outcome, remove, soften, write: remove && hasAny(floors, lease) ? { ...floors, lease } : null };
}

function outcomeOf(value: EntryState["value"], args: BustArguments): BustOutcome {
  if (value === null) return "absent";
  if (value === "opaque") return "removed";
  if (value === "unversioned" || value === "foreign") return "unversioned";
  const held = "deps" in value ? value.deps.get(args.subject) : value.version;
  if (args.version !== null && held !== undefined && covers(held, args.version, args.spaceKind)) return "covered";
  return args.mode === "soft" && "deps" in value ? "softened" : "removed";
}

/** Stale since the first soft bust, and for no longer than the first one allowed. */
function softened({ softened: before }: EntryState, { nowUs, staleTtlMs }: BustArguments): EntryState["softened"] {
  return before ?? { atUs: nowUs, keepUntilUs: nowUs + staleTtlMs * 1000 };
}

function hasAny({ floors, blindFloor }: Floors, lease: EntryState["lease"]): boolean {
  return floors.length > 0 || blindFloor !== null || lease !== null;
}
