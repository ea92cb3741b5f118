import type { BustMode } from "./bust.js";
import type { OnUnversioned } from "./entry.js";
import type { SpaceKind } from "./event.js";
import { limits } from "./limits.js";
import type { BustOutcome } from "./outcome.js";
import { compareVersions, type Version } from "./version.js";

/** "Nothing older than `version` of `subject` may be filled", and when it was last raised, in microseconds of its Redis. */
export interface Floor {
  readonly subject: string;
  readonly version: Version;
  readonly mode: BustMode;
  readonly raisedAtUs: number;
}

/** The floor of events without a version: only time can meet it. */
export interface BlindFloor {
  readonly mode: BustMode;
  readonly raisedAtUs: number;
}

/** The right to fill one key. At its deadline it is too late. */
export interface Lease {
  readonly token: string;
  readonly startUs: number;
  readonly deadlineUs: number;
}

/**
 * What a step sees of one key. `value` is what covers are read from: the deps of a managed entry, the one version of a
 * `hash` or `json` entry, `"unversioned"` when it cannot be read as its kind, `"opaque"` when its kind has no version,
 * `null` when nothing is there, `"foreign"` when the key holds another Redis type: unversioned too, and a value that stays
 * has no room for a floor.
 */
export interface EntryState {
  readonly value:
    | null
    | "opaque"
    | "unversioned"
    | "foreign"
    | { readonly deps: ReadonlyMap<string, Version> }
    | { readonly version: Version };
  /** In the order in which their subjects were first raised. */
  readonly floors: readonly Floor[];
  readonly blindFloor: BlindFloor | null;
  readonly lease: Lease | null;
}

export interface BustArguments {
  readonly subject: string;
  /** `null`: blind. */
  readonly version: Version | null;
  readonly spaceKind: SpaceKind;
  readonly mode: BustMode;
  readonly leaveFloor: boolean;
  readonly onUnversioned: OnUnversioned;
  /** F, in milliseconds. A floor lives up to and including raised-at + F. */
  readonly floorTtlMs: number;
  /** The time of the key's own Redis, in microseconds. */
  readonly nowUs: number;
}

export interface BustStep {
  readonly outcome: BustOutcome;
  /** Whether the value goes away. */
  readonly remove: boolean;
  /** Floors, blind floor and lease afterwards; `null` when the step writes nothing at all. */
  readonly write: Pick<EntryState, "floors" | "blindFloor" | "lease"> | null;
}

/**
 * The bust step (`protocol.md` section 5): removes the value unless it covers the event, and leaves a floor so that no
 * load that began earlier can bring it back. Pure; `bust.lua` does the same on Redis, and a test holds them together.
 *
 * Hard busts only: soft ones come with the rest of the store protocol, and `run` refuses rules that ask for them.
 */
export function bust(state: EntryState, args: BustArguments): BustStep {
  const floors = state.floors.filter((floor) => isLive(floor.raisedAtUs, args));
  const blindFloor = state.blindFloor !== null && isLive(state.blindFloor.raisedAtUs, args) ? state.blindFloor : null;
  const lease = state.lease !== null && state.lease.deadlineUs > args.nowUs ? state.lease : null;
  const live = { floors, blindFloor, lease };

  if (standsUnderFloor(floors, args)) return { outcome: state.value === null ? "absent" : "covered", remove: false, write: null };

  const outcome = outcomeOf(state.value, args);
  const remove = outcome === "removed" || (outcome === "unversioned" && args.onUnversioned === "bust");
  const isOutOfReach = state.value === "foreign" && !remove;
  if (args.leaveFloor && !isOutOfReach) return { outcome, remove, write: raise(live, args) };
  return { outcome, remove, write: remove && hasAny(live) ? live : null };
}

/** For a `counter`, what already stands under a live floor of the same or a harder mode was done before: a replay. */
function standsUnderFloor(floors: readonly Floor[], args: BustArguments): boolean {
  const { subject, version, spaceKind, mode } = args;
  if (version === null || spaceKind !== "counter" || !args.leaveFloor) return false;
  return floors.some(
    (floor) => floor.subject === subject && compareVersions(floor.version, version) >= 0 && (floor.mode === mode || floor.mode === "hard"),
  );
}

function outcomeOf(value: EntryState["value"], args: BustArguments): BustOutcome {
  if (value === null) return "absent";
  if (value === "opaque") return "removed";
  if (value === "unversioned" || value === "foreign") return "unversioned";
  if (args.version === null) return "removed";
  const held = "deps" in value ? value.deps.get(args.subject) : value.version;
  return held !== undefined && covers(held, args.version, args.spaceKind) ? "covered" : "removed";
}

/** `covers` of `protocol.md` section 1; two writes can share a tick of a `timestamp`, so there only a later one covers. */
function covers(held: Version, version: Version, spaceKind: SpaceKind): boolean {
  const difference = compareVersions(held, version);
  return spaceKind === "timestamp" ? difference > 0 : difference >= 0;
}

function isLive(raisedAtUs: number, args: BustArguments): boolean {
  return raisedAtUs + args.floorTtlMs * 1000 >= args.nowUs;
}

type Kept = Pick<EntryState, "floors" | "blindFloor" | "lease">;

function hasAny(kept: Kept): boolean {
  return kept.floors.length > 0 || kept.blindFloor !== null || kept.lease !== null;
}

function raise(live: Kept, args: BustArguments): Kept {
  const { subject, version, mode, nowUs } = args;
  if (version === null) return { ...live, blindFloor: { mode: harder(live.blindFloor?.mode, mode), raisedAtUs: nowUs } };
  const at = live.floors.findIndex((floor) => floor.subject === subject);
  const old = live.floors[at];
  if (old === undefined) return fold({ ...live, floors: [...live.floors, { subject, version, mode, raisedAtUs: nowUs }] });
  return { ...live, floors: live.floors.with(at, raised(old, { ...args, version })) };
}

function raised(old: Floor, args: BustArguments & { version: Version }): Floor {
  const { subject, version, mode, nowUs, spaceKind } = args;
  const difference = compareVersions(version, old.version);
  if (difference > 0) return { subject, version, mode, raisedAtUs: nowUs };
  if (difference < 0) return old;
  return { ...old, mode: harder(old.mode, mode), raisedAtUs: spaceKind === "timestamp" ? nowUs : old.raisedAtUs };
}

function harder(a: BustMode | undefined, b: BustMode): BustMode {
  return a === "hard" ? a : b;
}

/** One floor too many: the oldest becomes part of the blind floor, whose raised-at is the later of the two. Stricter, never looser. */
function fold(kept: Kept): Kept {
  if (kept.floors.length <= limits.floorsPerEntryMax) return kept;
  const oldest = kept.floors.reduce((a, b) => (b.raisedAtUs < a.raisedAtUs ? b : a));
  const blind = kept.blindFloor;
  return {
    ...kept,
    floors: kept.floors.filter((floor) => floor !== oldest),
    blindFloor: { mode: harder(blind?.mode, oldest.mode), raisedAtUs: Math.max(blind?.raisedAtUs ?? 0, oldest.raisedAtUs) },
  };
}
