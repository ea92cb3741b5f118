/** What happened, counted by name. */
export type Tally = Record<string, number>;

/** A read that must not have been: what it was served, and what was acknowledged before it began. */
export interface Witness {
  readonly key: string;
  readonly subject: string;
  readonly from: string;
  readonly acknowledged: number;
  readonly served: number;
  /** The stored value, which names the load it came from. */
  readonly value: string;
}

/** From a process to its coordinator. */
export type RaceMessage =
  | { readonly kind: "progress"; readonly checked: number }
  | { readonly kind: "stale"; readonly witness: Witness }
  | { readonly kind: "failed"; readonly problem: string }
  | { readonly kind: "done"; readonly tally: Tally };

export function count(tally: Tally, name: string, by = 1): void {
  tally[name] = (tally[name] ?? 0) + by;
}

export function addTallies(tallies: readonly Tally[]): Tally {
  const sum: Tally = {};
  for (const tally of tallies) for (const [name, value] of Object.entries(tally)) count(sum, name, value);
  return sum;
}
