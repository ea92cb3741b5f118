import type { State } from "./search.ts";

const { min } = Math;

/** The number at a place of a state. */
export function at(state: State, place: number): number {
  return state[place] ?? 0;
}

/** The state with some numbers changed. */
export function put(state: State, ...changes: readonly (readonly [number, number])[]): number[] {
  const to = [...state];
  for (const [place, value] of changes) to[place] = value;
  return to;
}

/** Orders two parts of the same size that follow each other: positive when the second is the smaller one. */
export function compareParts(state: State, first: number, size: number): number {
  for (let part = 0; part < size; part++) {
    const difference = at(state, first + part) - at(state, first + size + part);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Exchanges two parts of the same size that follow each other. */
export function exchange(state: number[], first: number, size: number): void {
  state.splice(first + size, 0, ...state.splice(first, size));
}

/** Of two forms of one thing the one that goes with the order of the parts that it names; the smaller where they are equal. */
export function chosen(order: number, as: number, exchanged: number): number {
  if (order !== 0) return order > 0 ? exchanged : as;
  return min(exchanged, as);
}
