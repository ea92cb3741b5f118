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
  const places = new Map<string, number>();
  const place = (bust: KeyBust): number => {
    const identity = `${bust.mode}${bust.version === null ? "*" : "="}${bust.subject}\n${bust.key}`;
    const at = places.get(identity);
    if (at === undefined) {
      places.set(identity, busts.length);
      return busts.push(bust) - 1;
    }
    const held = busts[at];
    if (held !== undefined && isNewer(bust, held)) busts[at] = bust;
    return at;
  };
  const answers = mapped.map((record) => (record.kind === "busts" ? record.busts.map(place) : NONE));
  return { busts, answers };
}

function isNewer(bust: KeyBust, held: KeyBust): boolean {
  return bust.version !== null && held.version !== null && compareVersions(bust.version, held.version) > 0;
}
