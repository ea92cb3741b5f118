import type { Holding, Mutant } from "./cases.ts";
import { type EntryModel, entryModel } from "./entry-model.ts";
import type { Steps } from "./steps.ts";

/** Loads that may read the primary meet the floors of an entry: strictly after raised-at, nothing more. */
const base = { leaseMs: 1, readLagMs: 2, writes: [2, 1], readers: 1, reports: [3, 1, 2, 0], blind: true, primary: true } as const;

const primary =
  (change: Partial<EntryModel>) =>
  (steps: Steps): ReturnType<typeof entryModel> =>
    entryModel({ ...base, ...change, steps });

export const primaryHoldings: readonly Holding[] = [
  { name: "primary reads, two subjects", size: "small", model: primary({ writes: [1, 1] }) },
  { name: "primary reads, two subjects, three writes", size: "large", model: primary({}) },
  {
    name: "primary reads, two subjects, two readers, L 2",
    size: "large",
    model: primary({ leaseMs: 2, readLagMs: 1, readers: 2, writes: [1, 1] }),
  },
];

export const primaryMutants: readonly Mutant[] = [
  {
    name: "a primary read is allowed at raised-at itself",
    edits: [{ file: "floors.ts", from: "return load.leaseStartUs > raisedAtUs +", to: "return load.leaseStartUs >= raisedAtUs +" }],
    model: primary({}),
  },
  {
    name: "a primary read needs no time",
    edits: [{ file: "floors.ts", from: "return load.leaseStartUs > raisedAtUs + wait.primarySlackMs * 1000;", to: "return true;" }],
    model: primary({}),
  },
];
