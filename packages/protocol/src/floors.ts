import type { BustFact, BustMode } from "./bust.js";
import { compareVersions, type Version } from "./version.js";

/** "Nothing older than `version` of `subject` may be filled", and when it was last raised, in microseconds of its Redis. */
export interface Floor {
  readonly subject: string;
  readonly version: Version;
  /** The mode its version was busted with; of two busts with that version, the harder. */
  readonly mode: BustMode;
  /** How its versions are compared; kept with the floor, so that a fill need not know every space. */
  readonly spaceKind: "counter" | "timestamp";
  readonly raisedAtUs: number;
}

/** The floor of events without a version: only time can meet it. */
export interface BlindFloor {
  readonly mode: BustMode;
  readonly raisedAtUs: number;
}

/** The floors of one entry or of one tag. */
export interface Floors {
  /** In the order in which their subjects were first raised. */
  readonly floors: readonly Floor[];
  readonly blindFloor: BlindFloor | null;
}

/** `covers` of `protocol.md` section 1; two writes can share a tick of a `timestamp`, so there only a later one covers. */
export function covers(held: Version, version: Version, spaceKind: BustFact["spaceKind"]): boolean {
  const difference = compareVersions(held, version);
  return spaceKind === "timestamp" ? difference > 0 : difference >= 0;
}

/** The floors that still live: up to and including raised-at + F. */
export function liveFloors({ floors, blindFloor }: Floors, { floorTtlMs, nowUs }: { floorTtlMs: number; nowUs: number }): Floors {
  const isLive = ({ raisedAtUs }: { raisedAtUs: number }) => raisedAtUs + floorTtlMs * 1000 >= nowUs;
  return { floors: floors.filter(isLive), blindFloor: blindFloor !== null && isLive(blindFloor) ? blindFloor : null };
}

/** For a `counter`, what already stands under a live floor of the same or a harder mode was done before: a replay. */
export function standsUnderFloor(floors: readonly Floor[], { subject, version, spaceKind, mode }: BustFact): boolean {
  if (version === null || spaceKind !== "counter") return false;
  const floor = floors.find((candidate) => candidate.subject === subject);
  return floor !== undefined && compareVersions(floor.version, version) >= 0 && harder(floor.mode, mode) === floor.mode;
}

/** Live floors after a bust; one above `max` folds the oldest into the blind floor: stricter, never looser. */
export function raiseFloor(
  live: Floors,
  { subject, version, spaceKind, mode }: BustFact,
  { max, nowUs }: { max: number; nowUs: number },
): Floors {
  if (version === null) return { ...live, blindFloor: { mode: harder(live.blindFloor?.mode, mode), raisedAtUs: nowUs } };
  const raised: Floor = { subject, version, mode, spaceKind: spaceKind === "timestamp" ? "timestamp" : "counter", raisedAtUs: nowUs };
  const at = live.floors.findIndex((floor) => floor.subject === subject);
  const old = live.floors[at];
  if (old === undefined) return fold({ ...live, floors: [...live.floors, raised] }, max);
  return { ...live, floors: live.floors.with(at, higher(old, raised)) };
}

/** The mode recorded is the one its version was busted with: a lower version never changes it. */
function higher(old: Floor, raised: Floor): Floor {
  const difference = compareVersions(raised.version, old.version);
  if (difference > 0) return raised;
  if (difference < 0) return old;
  const raisedAtUs = raised.spaceKind === "timestamp" ? raised.raisedAtUs : old.raisedAtUs;
  return { ...raised, mode: harder(old.mode, raised.mode), raisedAtUs };
}

/** The harder of two modes. */
export function harder(a: BustMode | undefined, b: BustMode): BustMode {
  return a === "hard" ? a : b;
}

/** One floor too many: the oldest becomes part of the blind floor, whose raised-at is the later of the two. */
function fold(kept: Floors, max: number): Floors {
  if (kept.floors.length <= max) return kept;
  const oldest = kept.floors.reduce((a, b) => (b.raisedAtUs < a.raisedAtUs ? b : a));
  const blind = kept.blindFloor;
  return {
    floors: kept.floors.filter((floor) => floor !== oldest),
    blindFloor: { mode: harder(blind?.mode, oldest.mode), raisedAtUs: Math.max(blind?.raisedAtUs ?? 0, oldest.raisedAtUs) },
  };
}

/** What a loaded value says of itself when it meets floors. */
export interface Load {
  readonly deps: ReadonlyMap<string, Version>;
  /** Start of the lease under which it was loaded, by the clock of the entry's Redis. */
  readonly leaseStartUs: number;
  /** The loader read from the primary, so it saw everything that was committed before its lease began. */
  readonly primaryRead: boolean;
}

/**
 * Whether a load meets live floors (`fill` of `protocol.md` section 5): a dep must cover its floor, and where no dep can
 * tell (none for the subject, a blind floor, an equal `timestamp`) the load must have begun late enough: at or after
 * raised-at + R, or, read from the primary, strictly after raised-at + `primarySlackMs` (0 for floors of the entry itself,
 * C for those of a tag, whose Redis has another clock).
 */
export function meetsFloors({ floors, blindFloor }: Floors, load: Load, wait: { readLagMs: number; primarySlackMs: number }): boolean {
  const isLate = ({ raisedAtUs }: { raisedAtUs: number }): boolean => {
    if (load.primaryRead) return load.leaseStartUs > raisedAtUs + wait.primarySlackMs * 1000;
    return load.leaseStartUs >= raisedAtUs + wait.readLagMs * 1000;
  };
  const meets = (floor: Floor): boolean => {
    const dep = load.deps.get(floor.subject);
    if (dep !== undefined && covers(dep, floor.version, floor.spaceKind)) return true;
    const cannotTell = dep === undefined || (floor.spaceKind === "timestamp" && dep === floor.version);
    return cannotTell && isLate(floor);
  };
  return floors.every(meets) && (blindFloor === null || isLate(blindFloor));
}
