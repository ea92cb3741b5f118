import { type Floors, validity } from "@freshet/protocol";
import type { Family } from "@freshet/rules";
import type { EntryView } from "@freshet/store/port";
import { instantNear } from "../dead-letters/instants.js";
import type { EntryReport, FloorReport, TagReport } from "./explanation.js";
import type { KeyState, TagFacts } from "./key-state.js";

/** A time of Redis in RFC 3339. */
export function instantOf(us: number): string {
  return instantNear(us / 1000);
}

/** The entry as it is told: sizes, versions and times, never the value, and no tokens, which are rights. */
export function entryReport({ view }: KeyState, family: Family): EntryReport {
  const { value, lease, softened, provisional } = view;
  const versions = typeof value === "object" && value !== null ? value : null;
  return {
    redisType: view.redisType,
    valueBytes: view.valueBytes,
    encoding: view.encoding,
    state: stateOf(value),
    version: versions !== null && "version" in versions ? versions.version : null,
    deps: versions !== null && "deps" in versions ? Object.fromEntries(versions.deps) : {},
    floors: floorReports(view, family.bounds.floorMs),
    lease: lease === null ? null : { startedAt: instantOf(lease.startUs), endsAt: instantOf(lease.deadlineUs) },
    loadedAt: instantOrNull(view.loadStartUs),
    freshUntil: instantOrNull(view.freshUntilUs),
    keepUntil: instantOrNull(view.keepUntilUs),
    softenedAt: instantOrNull(softened?.atUs ?? null),
    staleUntil: instantOrNull(softened?.keepUntilUs ?? null),
    provisionalUntil: instantOrNull(provisional?.deadlineUs ?? null),
    ttlMs: view.ttlMs,
    now: instantOf(view.nowUs),
  };
}

function stateOf(value: EntryView["value"]): EntryReport["state"] {
  if (value === null) return "none";
  return typeof value === "string" ? value : "versioned";
}

function instantOrNull(us: number | null): string | null {
  return us === null ? null : instantOf(us);
}

function floorReports({ floors, blindFloor }: Floors, floorTtlMs: number): FloorReport[] {
  const times = (raisedAtUs: number) => ({ raisedAt: instantOf(raisedAtUs), endsAt: instantOf(raisedAtUs + floorTtlMs * 1000) });
  const named = floors.map(({ subject, version, mode, raisedAtUs }) => ({ subject, version, mode, ...times(raisedAtUs) }));
  if (blindFloor === null) return named;
  return [...named, { subject: null, version: null, mode: blindFloor.mode, ...times(blindFloor.raisedAtUs) }];
}

/** A tag as it is told. */
export function tagReport(facts: TagFacts, { view: entry }: KeyState): TagReport {
  const { tag, name, kind, carried, view, floorTtlMs } = facts;
  const common = {
    tag,
    name,
    kind,
    carried,
    members: null,
    floors: [],
    pending: [],
    generation: null,
    current: null,
    hard: null,
    validity: null,
  };
  if (kind === "swept") {
    const pending = pendingOf(facts).map(({ subject, version, mode, raisedAtUs }) => ({
      subject,
      version,
      mode,
      raisedAt: instantOf(raisedAtUs),
    }));
    return { ...common, members: view.indexSize, floors: floorReports(view, floorTtlMs), pending };
  }
  const generation = entry.epochs.get(tag) ?? null;
  const current = new Map(view.epoch === null ? [] : [[tag, view.epoch]]);
  const found = generation === null ? null : validity(new Map([[tag, generation]]), current);
  return { ...common, generation, current: view.epoch?.generation ?? null, hard: view.epoch?.hardGeneration ?? null, validity: found };
}

/** The busts of a swept tag whose walk has not ended. */
export function pendingOf({ view }: TagFacts): TagFacts["view"]["next"] {
  return [...(view.sweep?.busts ?? []), ...view.next];
}
