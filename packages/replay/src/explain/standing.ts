import {
  compareVersions,
  covers,
  type EntryState,
  type Floor,
  type Floors,
  type PendingBust,
  type Version,
  validity,
} from "@freshet/protocol";
import type { Family } from "@freshet/rules";
import { instantOf, pendingOf } from "./entry-report.js";
import { epochsOf, type KeyState, type TagFacts } from "./key-state.js";

/** How an entry stands by what Redis has of it, before any event is looked at. */
export interface Standing {
  readonly kind: "fresh" | "stale" | "absent" | "fills_refused" | "unknown";
  /** What follows `because` or `until`; `""` where nothing tells why. */
  readonly because: string;
}

const fresh: Standing = { kind: "fresh", because: "" };

/** Judges an entry by Redis alone: what readers are served, and why. Pure. */
export function standingOf(state: KeyState, family: Family): Standing {
  const { value } = state.view;
  if (value === null) return absence(state, family);
  if (value === "foreign")
    return { kind: "unknown", because: `the key holds a Redis ${state.view.redisType}, which is no entry of family ${family.name}` };
  return hidden(state, family) ?? staleness(state) ?? fresh;
}

/** Something lies there, and readers are not served it. */
function hidden(state: KeyState, family: Family): Standing | null {
  const { nowUs, provisional, softened, keepUntilUs, epochs } = state.view;
  const absent = (because: string): Standing => ({ kind: "absent", because });
  if (provisional !== null) {
    if (provisional.deadlineUs > nowUs) return absent(`a fill waits for its tags until ${instantOf(provisional.deadlineUs)}`);
    return refusal(state, family) ?? absent(`a fill never became visible, and ended at ${instantOf(provisional.deadlineUs)}`);
  }
  if (keepUntilUs !== null && keepUntilUs <= nowUs) return refusal(state, family) ?? absent(`it was kept until ${instantOf(keepUntilUs)}`);
  if (softened !== null && softened.keepUntilUs <= nowUs)
    return (
      refusal(state, family) ??
      absent(`it was marked stale at ${instantOf(softened.atUs)}, and served until ${instantOf(softened.keepUntilUs)}`)
    );
  const broken = epochs.size === 0 ? null : brokenEpoch(state, "miss");
  const hides = broken ?? lackedEpoch(state, family);
  return hides === null ? null : (refusal(state, family) ?? absent(hides));
}

/**
 * What was filled before its family had an epoch tag is a miss for readers that name it; an epoch that nobody made, none has named. By the
 * name of its declaration: a key may be read in several ways.
 */
function lackedEpoch({ tags }: KeyState, { entry }: Family): string | null {
  if (entry.kind !== "managed") return null;
  const epochs = tags.filter(({ kind }) => kind === "epoch");
  const carried = new Set(epochs.filter((epoch) => epoch.carried).map(({ name }) => name));
  const lacked = epochs.find(({ name, view }) => !carried.has(name) && view.epoch !== null);
  return lacked === undefined ? null : `it was filled without its epoch ${lacked.tag}, so readers that name it miss it`;
}

/** What is wrong under the first epoch whose judgement is this one. */
function brokenEpoch(state: KeyState, judged: "miss" | "stale"): string | null {
  const current = epochsOf(state);
  for (const [tag, generation] of state.view.epochs) {
    const epoch = current.get(tag);
    if (validity(new Map([[tag, generation]]), new Map(epoch === undefined ? [] : [[tag, epoch]])) !== judged) continue;
    if (epoch === undefined) return `nobody knows its epoch ${tag} any more`;
    return `its epoch ${tag} was busted at ${instantOf(judged === "miss" ? epoch.hardGeneration : epoch.generation)}`;
  }
  return null;
}

/** Readers are served it, flagged or not, and it is not what it should be. */
function staleness(state: KeyState): Standing | null {
  const { view, tags } = state;
  const stale = (because: string): Standing => ({ kind: "stale", because });
  const pending = tags.flatMap((tag) => pendingOn(tag, view).map((bust) => ({ tag: tag.tag, bust })))[0];
  if (pending !== undefined) {
    const { tag, bust } = pending;
    return stale(`tag ${tag} was busted at ${instantOf(bust.raisedAtUs)} (${busted(bust)}) and its walk has not ended`);
  }
  if (view.softened !== null) {
    const { atUs, keepUntilUs } = view.softened;
    return stale(`it was marked stale at ${instantOf(atUs)}; it is served until ${instantOf(keepUntilUs)}`);
  }
  const under = view.floors.find((floor) => isOlder(view, floor));
  if (under !== undefined) return stale(`it is older than its floor: ${busted(under)} was busted at ${instantOf(under.raisedAtUs)}`);
  const epoch = brokenEpoch(state, "stale");
  if (epoch !== null) return stale(epoch);
  if (view.freshUntilUs !== null && view.freshUntilUs <= view.nowUs) return stale(`it was fresh until ${instantOf(view.freshUntilUs)}`);
  return null;
}

/** Busts of a walk that has not ended, and that the entry does not cover. */
function pendingOn(tag: TagFacts, { value }: EntryState): readonly PendingBust[] {
  if (!tag.carried) return [];
  return pendingOf(tag).filter((bust) => !coversFact(value, bust));
}

/** Whether what is there covers a bust; what has no version covers nothing. */
export function coversFact(value: EntryState["value"], fact: Pick<PendingBust, "subject" | "version" | "spaceKind">): boolean {
  const held = heldVersion(value, fact.subject);
  return held !== null && fact.version !== null && covers(held, fact.version, fact.spaceKind);
}

/** What is there has an older version of the very subject. A missing dep is no older one. */
export function isOlder(state: Pick<EntryState, "value">, fact: Pick<Floor, "subject" | "version">): boolean {
  const held = heldVersion(state.value, fact.subject);
  return held !== null && compareVersions(held, fact.version) < 0;
}

/** The version of a subject that what is there has; `null` where it has none that can be read. */
export function heldVersion(value: EntryState["value"], subject: string): Version | null {
  if (typeof value !== "object" || value === null) return null;
  return "deps" in value ? (value.deps.get(subject) ?? null) : value.version;
}

function busted({ subject, version }: { readonly subject: string; readonly version: string | null }): string {
  return version === null ? "blind" : `${subject} version ${version}`;
}

function absence(state: KeyState, family: Family): Standing {
  const refused = refusal(state, family);
  if (refused !== null) return refused;
  const { lease } = state.view;
  if (lease !== null)
    return {
      kind: "absent",
      because: `it is being loaded since ${instantOf(lease.startUs)}; the lease ends at ${instantOf(lease.deadlineUs)}`,
    };
  const last = lastFloor(state.view);
  if (last === null) return { kind: "absent", because: "" };
  const ends = instantOf(last.raisedAtUs + family.bounds.floorMs * 1000);
  const what = "subject" in last ? busted(last as Floor) : "blind";
  return { kind: "absent", because: `it was busted at ${instantOf(last.raisedAtUs)} (${what}); older fills are refused until ${ends}` };
}

/** Until when time alone stands against every fill whose loader does not read the primary: blind floors, and epochs made or busted lately. */
function refusal({ view, tags }: KeyState, { bounds }: Family): Standing | null {
  const readLagUs = (bounds.lagMs + bounds.skewMs) * 1000;
  const until = (what: string, sinceUs: number) => ({ because: `${what} ${instantOf(sinceUs)}`, untilUs: sinceUs + readLagUs });
  const waits = [
    ...(view.blindFloor === null ? [] : [until("it was busted blind at", view.blindFloor.raisedAtUs)]),
    ...tags.flatMap(({ tag, kind, view: found }) => [
      ...(kind === "swept" && found.blindFloor !== null ? [until(`its tag ${tag} was busted blind at`, found.blindFloor.raisedAtUs)] : []),
      ...(kind === "epoch" && found.epoch !== null ? [until(`its epoch ${tag} is new since`, found.epoch.generation)] : []),
    ]),
  ].filter(({ untilUs }) => untilUs > view.nowUs);
  const last = waits.toSorted((a, b) => b.untilUs - a.untilUs)[0];
  if (last === undefined) return null;
  return { kind: "fills_refused", because: `${instantOf(last.untilUs)}: ${last.because}` };
}

function lastFloor({ floors, blindFloor }: Floors): Floor | NonNullable<Floors["blindFloor"]> | null {
  const all = blindFloor === null ? floors : [...floors, blindFloor];
  return all.toSorted((a, b) => b.raisedAtUs - a.raisedAtUs)[0] ?? null;
}
