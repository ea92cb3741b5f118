import { type Bust, compareVersions, type KeyBust, type TagBust } from "@freshet/protocol";
import type { Mapped } from "./map.js";

/** What a slice asks the store for, and which records wait for which answer. */
export interface Plan {
  /** For each (key, subject) the highest hard and the highest soft bust and, apart from them, the blind ones. */
  readonly busts: readonly KeyBust[];
  /** The same for tags, swept ones and epochs. */
  readonly tagBusts: readonly TagBust[];
  /** Per record, the answers it waits for: `at` of `busts`, or `~at` of `tagBusts`; empty for records that ask for nothing. */
  readonly answers: readonly (readonly number[])[];
}

const NONE: readonly number[] = [];

/**
 * The third arrow: the busts of a slice, merged. Versions are a max-merge, so of one (key, subject) only the highest is
 * sent; it answers for the lower ones as well, because what covers it covers them, and what it removes they would have
 * removed. A blind bust has no version to merge by and stays apart, and so do hard and soft ones. Tags go the same way.
 */
export function plan(mapped: readonly Mapped[]): Plan {
  const keys = new Merged<KeyBust>();
  const tags = new Merged<TagBust>();
  const place = (bust: Bust): number =>
    bust.target === "key" ? keys.place(bust.key, bust) : ~tags.place(`${bust.target}:${bust.tag}`, bust);
  const answers = mapped.map((record) => (record.kind === "busts" ? answersOf(record.busts, place) : NONE));
  return { busts: keys.busts, tagBusts: tags.busts, answers };
}

/** Lists of one answer, kept: most records wait for one, and a slice's answers are small numbers. */
const singles: (readonly number[])[] = [];
const SINGLES_MAX = 1000;

function answersOf(busts: readonly Bust[], place: (bust: Bust) => number): readonly number[] {
  const [bust] = busts;
  if (bust === undefined || busts.length > 1) return busts.map(place);
  const answer = place(bust);
  if (answer < 0 || answer >= SINGLES_MAX) return [answer];
  singles[answer] ??= [answer];
  return singles[answer];
}

/** Busts of one kind, merged as they come. */
class Merged<B extends Bust> {
  readonly busts: B[] = [];
  readonly #byName = new Map<string, number>(); // the first bust of a key or tag, and nearly always its only one
  readonly #byIdentity = new Map<string, number>();

  /** The index of the bust that answers for this one. */
  place(name: string, bust: B): number {
    const first = this.#byName.get(name);
    if (first === undefined) return this.#add(bust, this.#byName, name);
    if (this.#merge(bust, first)) return first;
    const identity = `${bust.mode}${bust.version === null ? "*" : "="}${bust.subject}\n${name}`; // a subject has no line break
    const at = this.#byIdentity.get(identity);
    return at !== undefined && this.#merge(bust, at) ? at : this.#add(bust, this.#byIdentity, identity);
  }

  #add(bust: B, places: Map<string, number>, name: string): number {
    places.set(name, this.busts.length);
    return this.busts.push(bust) - 1;
  }

  #merge(bust: B, at: number): boolean {
    const held = this.busts[at];
    if (held === undefined || !hasSameIdentity(bust, held)) return false;
    if (isNewer(bust, held)) this.busts[at] = bust;
    return true;
  }
}

function hasSameIdentity(a: Bust, b: Bust): boolean {
  return a.subject === b.subject && a.mode === b.mode && (a.version === null) === (b.version === null);
}

function isNewer(bust: Bust, held: Bust): boolean {
  return bust.version !== null && held.version !== null && compareVersions(bust.version, held.version) > 0;
}
