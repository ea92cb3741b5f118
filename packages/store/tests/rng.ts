/** A seeded generator of random numbers (mulberry32): the same seed gives the same cases. */
export interface Rng {
  /** An integer in [low, high]. */
  int(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
  chance(probability: number): boolean;
}

export function createRng(seed: number): Rng {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    int: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (from) => {
      const item = from[Math.floor(next() * from.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    chance: (probability) => next() < probability,
  };
}

/** The seed of this run: given to repeat one, else from the clock. */
export function seedOfRun(): number {
  return Number(process.env.FRESHET_TEST_SEED ?? Date.now() % 2 ** 31);
}
