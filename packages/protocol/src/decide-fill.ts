import { type Epoch, validity } from "./decide-epoch.js";
import { type EntryState, type Lease, noEntry } from "./entry-state.js";
import { type Load, liveFloors, meetsFloors } from "./floors.js";
import { compareVersions, type Version } from "./version.js";

/** What a reader may do with what lies at a key. */
export type LeaseStep =
  | { readonly outcome: "hit"; readonly write: null }
  /** The key is another service's. There is no room for a lease, so nothing that is loaded can be stored. */
  | { readonly outcome: "foreign"; readonly write: null }
  /** Nothing usable is there, and the caller may load it. */
  | { readonly outcome: "leased"; readonly write: Lease; readonly min: ReadonlyMap<string, Version> }
  /** Nothing usable is there, and somebody else loads it. */
  | { readonly outcome: "busy"; readonly write: null; readonly waitMs: number }
  /** It may be served, and the caller may load a new one. */
  | { readonly outcome: "stale_leased"; readonly write: Lease; readonly min: ReadonlyMap<string, Version> }
  /** It may be served; somebody else loads a new one. */
  | { readonly outcome: "stale_busy"; readonly write: null; readonly waitMs: number };

export interface LeaseArguments {
  /** Unique to the caller and this load. */
  readonly token: string;
  /** Every epoch tag of the entry, as `getEpoch` just answered. */
  readonly epochs: ReadonlyMap<string, Epoch>;
  /** L, in milliseconds. */
  readonly leaseTtlMs: number;
  /** F, in milliseconds. */
  readonly floorTtlMs: number;
  readonly nowUs: number;
}

/**
 * The lease step (`protocol.md` section 5): a hit, or the right to load, for at most L. The same token may ask again (a
 * resent call) and keeps its first start, which is the stricter one.
 */
export function lease(state: EntryState, args: LeaseArguments): LeaseStep {
  const found = readable(state, args);
  if (found === "fresh") return { outcome: "hit", write: null };
  if (state.value === "foreign") return { outcome: "foreign", write: null };
  const held = liveLease(state, args.nowUs);
  const isOurs = held === null || held.token === args.token;
  if (!isOurs) {
    const waitMs = Math.ceil((held.deadlineUs - args.nowUs) / 1000);
    return { outcome: found === "stale" ? "stale_busy" : "busy", write: null, waitMs };
  }
  const min = new Map(liveFloors(state, args).floors.map(({ subject, version }) => [subject, version]));
  const write = held ?? { token: args.token, startUs: args.nowUs, deadlineUs: args.nowUs + args.leaseTtlMs * 1000 };
  return { outcome: found === "stale" ? "stale_leased" : "leased", write, min };
}

/** What a reader sees: a provisional entry is invisible, and what an epoch has made invalid counts as absent. */
export function readable(state: EntryState, { epochs, nowUs }: Pick<LeaseArguments, "epochs" | "nowUs">): "fresh" | "stale" | "none" {
  if (!isVisible(state, nowUs)) return "none";
  const valid = validity(state.epochs, epochs);
  if (valid === "miss") return "none";
  const isOld = state.softened !== null || (state.freshUntilUs !== null && state.freshUntilUs <= nowUs);
  return isOld || valid === "stale" ? "stale" : "fresh";
}

function isVisible({ value, provisional, softened, keepUntilUs }: EntryState, nowUs: number): boolean {
  if (value === null || typeof value === "string" || provisional !== null) return false;
  const end = Math.min(keepUntilUs ?? Number.POSITIVE_INFINITY, softened?.keepUntilUs ?? Number.POSITIVE_INFINITY);
  return nowUs < end;
}

function liveLease({ lease: held }: EntryState, nowUs: number): Lease | null {
  return held !== null && held.deadlineUs > nowUs ? held : null;
}

export interface FillArguments {
  readonly token: string;
  readonly deps: ReadonlyMap<string, Version>;
  /** The epochs of the entry, as they were read when the lease was taken: never read again for the fill. */
  readonly epochs: ReadonlyMap<string, Epoch>;
  readonly primaryRead: boolean;
  /** With swept tags: provisional for P, in milliseconds, until it is promoted. */
  readonly provisionalMs: number | null;
  readonly freshMs: number | null;
  /** How long the value may be served, in milliseconds. */
  readonly keepMs: number;
  /** R = lag + C, in milliseconds. */
  readonly readLagMs: number;
  /** F, in milliseconds. */
  readonly floorTtlMs: number;
  readonly nowUs: number;
}

export type FillStep =
  | { readonly outcome: "filled"; readonly leaseStartUs: number; readonly write: EntryState }
  /** `bounds`: F < L + R, so a floor may have ended that this load does not meet. Nothing is written: F may be wrong. */
  | {
      readonly outcome: "refused";
      readonly reason: "lease_lost" | "bounds" | "floor" | "epoch" | "older";
      readonly write: EntryState | null;
    };

/**
 * The fill step (`protocol.md` section 5): stores a loaded value under its lease, unless a floor says that it may be older
 * than what was busted, or a valid entry is already newer. Whoever held the lease gives it up either way, except for wrong
 * bounds.
 */
export function fill(state: EntryState, args: FillArguments): FillStep {
  const held = liveLease(state, args.nowUs);
  if (held === null || held.token !== args.token) return { outcome: "refused", reason: "lease_lost", write: null };
  if (outlivesFloors(held, args)) return { outcome: "refused", reason: "bounds", write: null };
  const reason = refusal(state, args, held);
  if (reason !== null) return { outcome: "refused", reason, write: { ...state, lease: null } };
  const { nowUs, provisionalMs, freshMs, keepMs, deps, token } = args;
  const floors = liveFloors(state, args);
  const write: EntryState = {
    ...noEntry,
    ...floors,
    value: { deps },
    loadStartUs: held.startUs,
    freshUntilUs: freshMs === null ? null : nowUs + freshMs * 1000,
    keepUntilUs: nowUs + keepMs * 1000,
    provisional: provisionalMs === null ? null : { token, deadlineUs: nowUs + provisionalMs * 1000 },
    epochs: new Map([...args.epochs].map(([tag, { generation }]) => [tag, generation])),
  };
  return { outcome: "filled", leaseStartUs: held.startUs, write };
}

function refusal(state: EntryState, args: FillArguments, held: Lease): "floor" | "epoch" | "older" | null {
  const load: Load = { deps: args.deps, leaseStartUs: held.startUs, primaryRead: args.primaryRead };
  if (!meetsFloors(liveFloors(state, args), load, { readLagMs: args.readLagMs, primarySlackMs: 0 })) return "floor";
  // A generation ahead of its clock, as a new one is for C, may come a second time: lost at once, and made again by a clock that is behind.
  const leastAgeUs = args.primaryRead ? 1 : args.readLagMs * 1000;
  if ([...args.epochs.values()].some(({ ageUs }) => ageUs < leastAgeUs)) return "epoch";
  return hasNewer(state, args) ? "older" : null;
}

/** Whether a load under this lease may end after floors that it must meet have: F < L + R, with L as the lease was given. */
function outlivesFloors(
  { startUs, deadlineUs }: Lease,
  { readLagMs, floorTtlMs }: Pick<FillArguments, "readLagMs" | "floorTtlMs">,
): boolean {
  return floorTtlMs * 1000 < deadlineUs - startUs + readLagMs * 1000;
}

/** Whether a valid present entry has a higher version of a subject that both know. */
function hasNewer(state: EntryState, args: FillArguments): boolean {
  const { value } = state;
  if (readable(state, args) === "none" || value === null || typeof value === "string" || !("deps" in value)) return false;
  for (const [subject, version] of args.deps) {
    const held = value.deps.get(subject);
    if (held !== undefined && compareVersions(held, version) > 0) return true;
  }
  return false;
}

export interface PromoteArguments {
  readonly token: string;
  readonly nowUs: number;
}

/**
 * Makes a provisional entry visible, if it is still the one with this token and its deadline has not passed. A softened-at
 * set meanwhile stays: the entry that shows up is stale.
 */
export function promote(state: EntryState, { token, nowUs }: PromoteArguments): { outcome: "promoted" | "gone"; write: EntryState | null } {
  const { provisional } = state;
  if (state.value === null || provisional === null || provisional.token !== token) return { outcome: "gone", write: null };
  if (provisional.deadlineUs <= nowUs) return { outcome: "gone", write: null };
  return { outcome: "promoted", write: { ...state, provisional: null } };
}

/** Removes a provisional entry, only if it is still the one with this token; floors and lease stay. */
export function drop(
  state: EntryState,
  { token }: Pick<PromoteArguments, "token">,
): { outcome: "dropped" | "gone"; write: EntryState | null } {
  if (state.value === null || state.provisional?.token !== token) return { outcome: "gone", write: null };
  const { floors, blindFloor, lease: held } = state;
  return { outcome: "dropped", write: { ...noEntry, floors, blindFloor, lease: held } };
}

export interface SetArguments {
  /** `null`: written without a lease, so only its version can meet a floor. */
  readonly token: string | null;
  readonly subject: string;
  readonly version: Version;
  readonly primaryRead: boolean;
  readonly readLagMs: number;
  readonly floorTtlMs: number;
  readonly nowUs: number;
}

/**
 * setIfNewer, the fill of entries that existing services write (`protocol.md` section 4, families with a gate): one version
 * of one subject, stored unless a floor or what is there is newer. An equal version is written again; what lies there
 * and cannot be read gives way, unless it is of another Redis type.
 */
export function setIfNewer(
  state: EntryState,
  args: SetArguments,
): { outcome: "stored" } | { outcome: "refused"; reason: "lease_lost" | "bounds" | "floor" | "older" | "foreign" } {
  const { token, subject, version, primaryRead, readLagMs, nowUs } = args;
  const held = liveLease(state, nowUs);
  if (token !== null && held?.token !== token) return { outcome: "refused", reason: "lease_lost" };
  if (token !== null && held !== null && outlivesFloors(held, args)) return { outcome: "refused", reason: "bounds" };
  if (state.value === "foreign") return { outcome: "refused", reason: "foreign" };
  const leaseStartUs = token === null || held === null ? Number.NEGATIVE_INFINITY : held.startUs;
  const load: Load = { deps: new Map([[subject, version]]), leaseStartUs, primaryRead };
  if (!meetsFloors(liveFloors(state, args), load, { readLagMs, primarySlackMs: 0 })) return { outcome: "refused", reason: "floor" };
  const { value } = state;
  const isOlder = value !== null && typeof value !== "string" && "version" in value && compareVersions(value.version, version) > 0;
  return isOlder ? { outcome: "refused", reason: "older" } : { outcome: "stored" };
}
