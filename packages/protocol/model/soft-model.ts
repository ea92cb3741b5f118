import type { Holding, Mutant } from "./cases.ts";
import { type EntryModel, entryModel } from "./entry-model.ts";
import type { Steps } from "./steps.ts";

/** Soft and hard busts of one key, entries filled in one step or two, loads that do not tell their version, primary reads. */
const base = {
  leaseMs: 1,
  readLagMs: 1,
  writes: [2, 0],
  readers: 2,
  reports: [1, 0],
  modes: ["soft", "hard"],
  primary: true,
  provisional: [false, true],
} as const;

const soft =
  (change: Partial<EntryModel>) =>
  (steps: Steps): ReturnType<typeof entryModel> =>
    entryModel({ ...base, ...change, steps });

export const softHoldings: readonly Holding[] = [
  { name: "soft busts, two writes, two readers", size: "small", model: soft({}) },
  { name: "soft busts, three writes, one reader", size: "small", model: soft({ writes: [3, 0], readers: 1 }) },
  { name: "soft busts, L 2, three writes, one reader", size: "large", model: soft({ leaseMs: 2, writes: [3, 0], readers: 1 }) },
  { name: "soft busts, three writes, two readers", size: "large", model: soft({ writes: [3, 0] }) },
  { name: "soft busts, blind too", size: "small", model: soft({ readers: 1, blind: true }) },
  {
    name: "soft busts in a space of timestamps, a shared tick",
    size: "small",
    model: soft({ writes: [3, 0], readers: 1, timestamps: [0, 1, 1, 2] }),
  },
];

export const softMutants: readonly Mutant[] = [
  {
    name: "promote clears softened-at",
    edits: [
      {
        file: "decide-fill.ts",
        from: "write: { ...state, provisional: null } };",
        to: "write: { ...state, provisional: null, softened: null } };",
      },
    ],
    model: soft({}),
  },
  {
    name: "a floor's mode is the hardest ever seen",
    edits: [
      {
        file: "floors.ts",
        from: "if (difference > 0) return raised;",
        to: "if (difference > 0) return { ...raised, mode: harder(old.mode, raised.mode) };",
      },
    ],
    model: soft({ writes: [3, 0], readers: 1 }),
  },
  {
    name: "a replay is left out whatever its mode",
    edits: [
      {
        file: "floors.ts",
        from: "compareVersions(floor.version, version) >= 0 && harder(floor.mode, mode) === floor.mode;",
        to: "compareVersions(floor.version, version) >= 0;",
      },
    ],
    model: soft({}),
  },
  {
    name: "a soft bust leaves no floor",
    edits: [
      {
        file: "decide.ts",
        from: "if (args.leaveFloor && !isOutOfReach)",
        to: 'if (args.leaveFloor && !isOutOfReach && args.mode === "hard")',
      },
    ],
    model: soft({}),
  },
  {
    name: "a soft bust passes over a provisional entry",
    edits: [
      {
        file: "decide.ts",
        from: 'const soften = outcome === "softened"',
        to: 'const soften = outcome === "softened" && state.provisional === null',
      },
    ],
    model: soft({}),
  },
];
