import { compareVersions, type KeyBust } from "@freshet/protocol";
import type { Mapped } from "./map.js";

/** What a slice asks the store for, and which records wait for which answer. */
export interface Plan {
  /** For each (key, subject) the highest version and, apart from it, the blind bust. */
  readonly busts: readonly KeyBust[];
  /** Per record, the indexes into `busts` that answer for it; empty for records that ask for nothing. */
  readonly answers: readonly (readonly number[])[];
}

const NONE: readonly number[] = [];

/**
 * The third arrow: the busts of a slice, merged. Versions are a max-merge, so of one (key, subject) only the highest is
 * sent; it answers for the lower ones as well, because what covers it covers them, and what it removes they would have
 * removed. A blind bust has no version to merge by and stays apart, and so do hard and soft ones.
 */
export function plan(mapped: readonly Mapped[]): Plan {
  const busts: KeyBust[] = [];
  const byKey = new Map<string, number>(); // the first bust of a key, and nearly always its only one
  const byIdentity = new Map<string, number>();
  const place = (bust: KeyBust): number => {
    const first = byKey.get(bust.key);
    if (first === undefined) return add(bust, byKey, bust.key);
    if (merge(bust, first)) return first;
    const identity = `${bust.mode}${bust.version === null ? "*" : "="}${bust.subject}\n${bust.key}`; // a subject has no line break
    const at = byIdentity.get(identity);
    return at !== undefined && merge(bust, at) ? at : add(bust, byIdentity, identity);
  };
  const add = (bust: KeyBust, places: Map<string, number>, name: string): number => {
    places.set(name, busts.length);
    return busts.push(bust) - 1;
  };
  const merge = (bust: KeyBust, at: number): boolean => {
    const held = busts[at];
    if (held === undefined || !hasSameIdentity(bust, held)) return false;
    if (isNewer(bust, held)) busts[at] = bust;
    return true;
  };
  const answers = mapped.map((record) => (record.kind === "busts" ? record.busts.map(place) : NONE));
  return { busts, answers };
}

function hasSameIdentity(a: KeyBust, b: KeyBust): boolean {
  return a.subject === b.subject && a.mode === b.mode && (a.version === null) === (b.version === null);
}

function isNewer(bust: KeyBust, held: KeyBust): boolean {
  return bust.version !== null && held.version !== null && compareVersions(bust.version, held.version) > 0;
}
