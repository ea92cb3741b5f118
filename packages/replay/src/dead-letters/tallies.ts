import type { DeadLetter } from "./letter.js";

/** A letter that was wanted, and what is known of it from elsewhere. */
export interface Found {
  readonly letter: DeadLetter;
  readonly isResolved: boolean;
  readonly tenant: string | null;
}

/** How many letters, and how many of them are resolved. */
export interface Tally {
  letters: number;
  resolved: number;
}

/** Counts letters by name, for at most so many names: whatever comes after them counts as others. */
export class Tallies<K> {
  readonly #namesMax: number;
  readonly #byName = new Map<K, Tally>();
  readonly others: Tally = { letters: 0, resolved: 0 };

  constructor(namesMax: number) {
    this.#namesMax = namesMax;
  }

  add(name: K, isResolved: boolean): void {
    const tally = this.#byName.get(name) ?? this.#begin(name);
    tally.letters++;
    if (isResolved) tally.resolved++;
  }

  entries(): readonly (readonly [K, Tally])[] {
    return [...this.#byName];
  }

  #begin(name: K): Tally {
    if (this.#byName.size >= this.#namesMax) return this.others;
    const tally = { letters: 0, resolved: 0 };
    this.#byName.set(name, tally);
    return tally;
  }
}
