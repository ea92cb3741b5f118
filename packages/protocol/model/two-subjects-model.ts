import { type Holding, lower, type Mutant } from "./cases.ts";
import { type EntryModel, entryModel } from "./entry-model.ts";
import type { Steps } from "./steps.ts";

/** Two subjects in one entry: loads that tell only one of them, blind busts, and floors that fold into the blind one. */
const base = { leaseMs: 1, readLagMs: 2, writes: [2, 1], readers: 1, reports: [3, 1, 2], blind: true } as const;

const two =
  (change: Partial<EntryModel>) =>
  (steps: Steps): ReturnType<typeof entryModel> =>
    entryModel({ ...base, ...change, steps });

const foldAtOne = lower("floorsPerEntryMax", 16, 1);

export const twoSubjectsHoldings: readonly Holding[] = [
  { name: "two subjects, L 1 R 2, missing deps, blind busts", size: "small", model: two({}) },
  { name: "two subjects, a second floor folds", size: "small", lowered: [foldAtOne], model: two({}) },
  { name: "two subjects, soft and hard", size: "large", model: two({ writes: [1, 1], modes: ["hard", "soft"] }) },
  { name: "two subjects, L 2 R 1", size: "large", model: two({ leaseMs: 2, readLagMs: 1 }) },
  { name: "two subjects, two readers, L 1 R 1", size: "large", model: two({ readLagMs: 1, readers: 2 }) },
  {
    name: "two subjects, a second floor folds, soft and hard, primary reads",
    size: "large",
    lowered: [foldAtOne],
    model: two({ modes: ["hard", "soft"], primary: true }),
  },
  {
    name: "two subjects, one of timestamps with a shared tick, a second floor folds",
    size: "large",
    lowered: [foldAtOne],
    model: two({ timestamps: [0, 1, 1] }),
  },
];

export const twoSubjectsMutants: readonly Mutant[] = [
  {
    name: "a missing dep covers",
    edits: [
      {
        file: "decide.ts",
        from: "held !== undefined && covers(held, args.version, args.spaceKind)",
        to: "(held === undefined || covers(held, args.version, args.spaceKind))",
      },
    ],
    model: two({}),
  },
  {
    name: "no R gate",
    edits: [{ file: "floors.ts", from: "return load.leaseStartUs >= raisedAtUs + wait.readLagMs * 1000;", to: "return true;" }],
    model: two({}),
  },
  {
    name: "a blind floor whose raised-at stands still",
    edits: [
      { file: "floors.ts", from: "mode), raisedAtUs: nowUs } };", to: "mode), raisedAtUs: live.blindFloor?.raisedAtUs ?? nowUs } };" },
    ],
    model: two({}),
  },
  {
    name: "a fold takes the oldest time",
    edits: [
      foldAtOne,
      {
        file: "floors.ts",
        from: "Math.max(blind?.raisedAtUs ?? 0, oldest.raisedAtUs)",
        to: "Math.min(blind?.raisedAtUs ?? oldest.raisedAtUs, oldest.raisedAtUs)",
      },
    ],
    model: two({}),
  },
  {
    name: "a fold forgets the floor",
    edits: [
      foldAtOne,
      {
        file: "floors.ts",
        from: "if (kept.floors.length <= max) return kept;",
        to: "if (kept.floors.length <= max) return kept; else return { ...kept, floors: kept.floors.slice(1) };",
      },
    ],
    model: two({}),
  },
  {
    name: "a dep covers a blind bust",
    edits: [
      {
        file: "decide.ts",
        from: "if (args.version !== null && held !== undefined && covers(held, args.version, args.spaceKind))",
        to: "if (held !== undefined)",
      },
    ],
    model: two({}),
  },
  {
    name: "no older rule but the floor",
    edits: [{ file: "floors.ts", from: "return cannotTell && isLate(floor);", to: "return cannotTell;" }],
    model: two({}),
  },
];
