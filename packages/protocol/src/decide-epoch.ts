import type { BustFact, BustMode } from "./bust.js";
import { harder } from "./floors.js";
import { limits } from "./limits.js";
import { compareVersions, type Version } from "./version.js";

/** An epoch tag as readers compare it. Generations are microseconds of the tag's own Redis, and always rise. */
export interface Epoch {
  readonly generation: number;
  /** The generation of the last hard bust; an entry below it is a miss. */
  readonly hardGeneration: number;
  /** Time since the generation was made, as far as its Redis' clock tells; never below 0. */
  readonly ageUs: number;
}

/** The last version busted per subject, so that a replay does not bump again. */
export interface EpochRecord {
  readonly subject: string;
  readonly version: Version;
  readonly mode: BustMode;
}

export interface EpochState {
  readonly generation: number;
  readonly hardGeneration: number;
  /** Oldest first. */
  readonly records: readonly EpochRecord[];
}

interface EpochClock {
  /** C, in milliseconds. */
  readonly skewMs: number;
  readonly nowUs: number;
}

/**
 * epochGet (`protocol.md` section 5). A missing one is made now: above every generation an entry can hold from before it
 * was lost, hard as well as soft, and of age 0, so that nothing loaded around the loss counts as fresh.
 */
export function getEpoch(state: EpochState | null, clock: EpochClock): { epoch: Epoch; write: EpochState | null } {
  const write = state === null ? createEpoch(clock) : null;
  const { generation, hardGeneration } = state ?? createEpoch(clock);
  return { epoch: { generation, hardGeneration, ageUs: Math.max(0, clock.nowUs - generation) }, write };
}

function createEpoch({ nowUs, skewMs }: EpochClock): EpochState {
  const generation = nowUs + skewMs * 1000;
  return { generation, hardGeneration: generation, records: [] };
}

export interface EpochStep {
  readonly outcome: "bumped" | "covered";
  readonly generation: number;
  /** `null` when nothing is written. */
  readonly write: EpochState | null;
}

/** epochBump (`protocol.md` section 5): one step at any number of entries. `timestamp` spaces are never deduplicated. */
export function bumpEpoch(state: EpochState | null, fact: BustFact, clock: EpochClock): EpochStep {
  if (state !== null && isRecorded(state.records, fact)) return { outcome: "covered", generation: state.generation, write: null };
  const generation = state === null ? createEpoch(clock).generation : Math.max(clock.nowUs, state.generation + 1);
  const hardGeneration = state === null || fact.mode === "hard" ? generation : state.hardGeneration;
  return { outcome: "bumped", generation, write: { generation, hardGeneration, records: record(state?.records ?? [], fact) } };
}

function isRecorded(records: readonly EpochRecord[], { subject, version, spaceKind, mode }: BustFact): boolean {
  if (version === null || spaceKind !== "counter") return false;
  const held = records.find((candidate) => candidate.subject === subject);
  return held !== undefined && compareVersions(held.version, version) >= 0 && harder(held.mode, mode) === held.mode;
}

/** The mode recorded is the one its version was busted with, of an equal version the harder; the oldest is forgotten. */
function record(records: readonly EpochRecord[], { subject, version, mode }: BustFact): readonly EpochRecord[] {
  if (version === null) return records;
  const at = records.findIndex((candidate) => candidate.subject === subject);
  const old = records[at];
  if (old === undefined) return [...records, { subject, version, mode }].slice(-limits.recordsPerEpochMax);
  const difference = compareVersions(version, old.version);
  if (difference < 0) return records;
  return records.with(at, { subject, version, mode: difference > 0 ? mode : harder(old.mode, mode) });
}

/**
 * Whether an entry is valid under its epochs: every stored generation equals the current one; `stale` from the hard
 * generation up to the current one (only soft busts since); a `miss` otherwise, also when a generation is not known, or
 * the entry lacks a tag that the reader names: whoever filled it did not know the tag, so no bust of the tag reaches it.
 */
export function validity(held: ReadonlyMap<string, number>, current: ReadonlyMap<string, Epoch>): "valid" | "stale" | "miss" {
  for (const tag of current.keys()) if (!held.has(tag)) return "miss";
  let found: "valid" | "stale" = "valid";
  for (const [tag, generation] of held) {
    const epoch = current.get(tag);
    if (epoch === undefined || generation < epoch.hardGeneration || generation > epoch.generation) return "miss";
    if (generation < epoch.generation) found = "stale";
  }
  return found;
}
