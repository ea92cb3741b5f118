import { givenSeed } from "./config.js";

/** Random numbers that a seed gives again. */
export interface Rng {
  readonly seed: number;
  /** 0 <= x < 1 */
  next(): number;
  /** A whole number, both ends included. */
  integer(from: number, to: number): number;
  /** @param probability 0 never, 1 always */
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  shuffle<T>(list: readonly T[]): T[];
}

const SEEDS = 2 ** 31;

/** Takes the seed given, else that of `printSeed`. */
export function createRng(seed: number = printSeed()): Rng {
  const next = xorshift(seed);
  const integer = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    seed,
    next,
    integer,
    chance: (probability) => next() < probability,
    pick: (list) => list[integer(0, list.length - 1)] ?? list[0],
    shuffle: (list) =>
      list
        .map((item) => ({ item, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item),
  };
}

/** Marsaglia's xorshift with 32 bits of state, scrambled by a multiplication; seeds that are close start far apart. */
function xorshift(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (Math.imul(state, 0x2545f491) >>> 0) / 2 ** 32;
  };
}

/** `FRESHET_TEST_SEED`, else a new one; prints it, for it is what a failure has to be told with. */
function printSeed(): number {
  const seed = givenSeed() ?? Math.floor(Math.random() * SEEDS);
  process.stdout.write(`seed ${seed} (FRESHET_TEST_SEED=${seed} repeats it)\n`);
  return seed;
}
