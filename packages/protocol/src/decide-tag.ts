import type { BustFact } from "./bust.js";
import { type Floors, harder, liveFloors, raiseFloor, standsUnderFloor } from "./floors.js";
import { limits } from "./limits.js";
import { compareVersions } from "./version.js";

/** One bust of a tag that is still to be walked. */
export interface PendingBust extends BustFact {
  /** When it was put on the list, by the clock of the tag's Redis: the walk goes at least that far, whatever came later. */
  readonly raisedAtUs: number;
}

/** Where a walk is: the last member handled, and its score. */
export interface SweepCursor {
  readonly score: number;
  readonly member: string;
}

/** A walk under way, or one whose worker died. */
export interface Sweep {
  /** Of the worker that holds it; whoever writes with another id is a zombie. */
  readonly id: string;
  /** Until then nobody else may claim it. */
  readonly heldUntilUs: number;
  readonly cursor: SweepCursor | null;
  readonly busts: readonly PendingBust[];
}

/** Floors and sweep state of one swept tag. */
export interface TagState extends Floors {
  readonly sweep: Sweep | null;
  /** The next list: busts that came while a walk was under way, or since nobody walks. */
  readonly next: readonly PendingBust[];
  /** The longest keep-until any entry of the tag asked for, in milliseconds from its fill. */
  readonly keepMsMax: number;
}

export const noTag: TagState = { floors: [], blindFloor: null, sweep: null, next: [], keepMsMax: 0 };

interface TagClock {
  /** F_tag, in milliseconds. */
  readonly floorTtlMs: number;
  readonly nowUs: number;
}

/**
 * bustTag (`protocol.md` section 5): raises the tag's floor and puts the bust on the list of pending sweeps, in one step.
 * Entries that are indexed now go away by the walk; those that come later meet the floor.
 */
export function raiseTag(state: TagState, fact: BustFact, clock: TagClock): { outcome: "pending" | "covered"; write: TagState | null } {
  const live = liveFloors(state, clock);
  if (standsUnderFloor(live.floors, fact)) return { outcome: "covered", write: null };
  const floors = raiseFloor(live, fact, { max: limits.floorsPerTagMax, nowUs: clock.nowUs });
  const { subject, version, spaceKind, mode } = fact;
  const next = enlist(state.next, { subject, version, spaceKind, mode, raisedAtUs: clock.nowUs });
  return { outcome: "pending", write: { ...state, ...floors, next } };
}

/** Nobody walks the next list yet, so busts of one subject and mode meet in it; one too many makes the oldest two one blind bust. */
function enlist(list: readonly PendingBust[], bust: PendingBust): readonly PendingBust[] {
  const at = list.findIndex((other) => isAlike(other, bust));
  const other = list[at];
  if (other !== undefined) return list.with(at, { ...newer(other, bust), raisedAtUs: bust.raisedAtUs });
  const [first, second, ...rest] = [...list, bust];
  if (list.length < limits.pendingPerTagMax || first === undefined || second === undefined) return [...list, bust];
  const raisedAtUs = Math.max(first.raisedAtUs, second.raisedAtUs);
  return [...rest, { ...second, version: null, mode: harder(first.mode, second.mode), raisedAtUs }];
}

function isAlike(a: PendingBust, b: PendingBust): boolean {
  if (a.version === null || b.version === null) return a.version === b.version && a.mode === b.mode;
  return a.subject === b.subject && a.mode === b.mode && a.spaceKind === b.spaceKind;
}

function newer(a: PendingBust, b: PendingBust): PendingBust {
  return a.version !== null && b.version !== null && compareVersions(a.version, b.version) > 0 ? a : b;
}

export interface IndexAddArguments extends TagClock {
  /** When the entry was filled, by the clock of its own Redis. */
  readonly fillTimeUs: number;
  /** How long the entry may be served from then on, in milliseconds. */
  readonly keepMs: number;
}

export interface IndexAddStep {
  /** max(fill time, old score + 1): a score only rises, so that a walk that has passed the old one is not fooled. */
  readonly score: number;
  /** Read after the index was written, never before. */
  readonly floors: Floors;
  readonly write: TagState | null;
}

/**
 * Why a fill time is not believed: no clock of another Redis is more than C ahead of this one, and what passes since only makes
 * a fill older, so there is no allowance beside C; a member that may be trimmed at once is of an entry that nobody can be served.
 */
export function fillTimeFault(
  { keepMsMax }: Pick<TagState, "keepMsMax">,
  { fillTimeUs, keepMs, skewMs, nowUs }: Pick<IndexAddArguments, "fillTimeUs" | "keepMs" | "nowUs"> & { readonly skewMs: number },
): "ahead" | "past" | null {
  if (fillTimeUs > nowUs + skewMs * 1000) return "ahead";
  return fillTimeUs < nowUs - (Math.max(keepMsMax, keepMs) + skewMs) * 1000 ? "past" : null;
}

/** indexAdd (`protocol.md` section 5): puts an entry into the tag's index, *then* reads the floors it must meet. */
export function indexAdd(state: TagState, oldScore: number | null, args: IndexAddArguments): IndexAddStep {
  const score = Math.max(args.fillTimeUs, oldScore === null ? 0 : oldScore + 1);
  const write = args.keepMs > state.keepMsMax ? { ...state, keepMsMax: args.keepMs } : null;
  return { score, floors: liveFloors(state, args), write };
}

/** indexRemove (`protocol.md` section 5): only where the score is still the one seen; a refill has made it rise. */
export function indexRemove(score: number | null, seenScore: number): boolean {
  return score === seenScore;
}

/** Members with a lower score belong to entries that cannot be served any more; `null` while no entry was recorded. */
export function trimBefore({ keepMsMax }: TagState, { skewMs, nowUs }: { skewMs: number; nowUs: number }): number | null {
  return keepMsMax === 0 ? null : nowUs - (keepMsMax + skewMs) * 1000;
}

export interface ClaimArguments {
  /** Another one for each claim: a step of an earlier claim that arrives late must not move the walk of a later one. */
  readonly id: string;
  /** The id of the same worker's last claim: what it holds is taken over at once. */
  readonly was?: string | undefined;
  /** How long the worker may be silent before another takes over, in milliseconds. */
  readonly holdMs: number;
  readonly nowUs: number;
}

export type ClaimStep =
  | { readonly outcome: "claimed"; readonly sweep: Sweep; readonly write: TagState }
  /** Another worker walks it. */
  | { readonly outcome: "held"; readonly write: null }
  /** Nothing is pending. */
  | { readonly outcome: "idle"; readonly write: null };

/** Takes over what is to be walked: an orphan from its cursor on, or the next list from the start. */
export function claimSweep(state: TagState, { id, was, holdMs, nowUs }: ClaimArguments): ClaimStep {
  const { sweep, next } = state;
  const heldUntilUs = nowUs + holdMs * 1000;
  if (sweep !== null) {
    if (sweep.id !== id && sweep.id !== was && sweep.heldUntilUs > nowUs) return { outcome: "held", write: null };
    const claimed = { ...sweep, id, heldUntilUs };
    return { outcome: "claimed", sweep: claimed, write: { ...state, sweep: claimed } };
  }
  if (next.length === 0) return { outcome: "idle", write: null };
  const begun: Sweep = { id, heldUntilUs, cursor: null, busts: next };
  return { outcome: "claimed", sweep: begun, write: { ...state, sweep: begun, next: [] } };
}

/** Progress of a walk, written only by who holds it. */
export function moveSweep(
  state: TagState,
  { id, holdMs, nowUs, cursor }: ClaimArguments & { cursor: SweepCursor },
): { outcome: "moved" | "lost"; write: TagState | null } {
  if (state.sweep?.id !== id) return { outcome: "lost", write: null };
  return { outcome: "moved", write: { ...state, sweep: { ...state.sweep, cursor, heldUntilUs: nowUs + holdMs * 1000 } } };
}

/** The end of a walk, written only by who holds it; `more`: busts came meanwhile, and are walked next. */
export function endSweep(state: TagState, { id }: { id: string }): { outcome: "ended" | "more" | "lost"; write: TagState | null } {
  if (state.sweep?.id !== id) return { outcome: "lost", write: null };
  return { outcome: state.next.length > 0 ? "more" : "ended", write: { ...state, sweep: null } };
}

/** How far a walk goes: the highest raised-at on its own list + 2C, by fill times of any Redis. */
export function sweepBound(busts: readonly PendingBust[], skewMs: number): number {
  return Math.max(...busts.map(({ raisedAtUs }) => raisedAtUs)) + 2 * skewMs * 1000;
}

export interface IndexMember {
  readonly key: string;
  readonly score: number;
}

/**
 * What a page read by score holds beyond the cursor. Ties go by member, so the page is read from the cursor's score on,
 * inclusive; `again` when all of a full page lies at or before the cursor: then it is read at twice the size.
 */
export function sweepPage(
  page: readonly IndexMember[],
  cursor: SweepCursor | null,
  limit: number,
): { kind: "members"; members: readonly IndexMember[] } | { kind: "again" } | { kind: "end" } {
  const members = cursor === null ? page : page.filter((member) => isBeyond(member, cursor));
  if (members.length > 0) return { kind: "members", members };
  return { kind: page.length < limit ? "end" : "again" };
}

function isBeyond({ key, score }: IndexMember, cursor: SweepCursor): boolean {
  return score > cursor.score || (score === cursor.score && Buffer.compare(Buffer.from(key), Buffer.from(cursor.member)) > 0);
}
