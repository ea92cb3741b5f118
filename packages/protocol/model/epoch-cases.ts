import type { Holding, Mutant } from "./cases.ts";
import { type EpochModel, epochModel } from "./epoch-model.ts";
import type { Steps } from "./steps.ts";

const base = { writes: 2, readLagMs: 2, skewMs: 1, readers: 1, modes: ["soft", "hard"], losses: 1 } as const;

const epoch =
  (change: Partial<EpochModel>) =>
  (steps: Steps): ReturnType<typeof epochModel> =>
    epochModel({ ...base, ...change, steps });

/** At once: the tick that a loss takes, and C. */
const failover = { isOld: true, primary: true, stepBackMs: 2, readLagMs: 1 } as const;

export const epochHoldings: readonly Holding[] = [
  { name: "epoch tag, soft and hard, state lost once", size: "small", model: epoch({}) },
  { name: "epoch tag, primary reads, state lost once", size: "small", model: epoch({ primary: true, readLagMs: 1 }) },
  { name: "epoch tag, a server goes on whose clock is C behind", size: "small", model: epoch({ stepBackMs: 1, readLagMs: 1 }) },
  { name: "epoch tag of long standing, primary reads, a server goes on whose clock is C behind", size: "small", model: epoch(failover) },
  {
    name: "epoch tag, lost within C of its creation, primary reads, a server goes on whose clock is C behind",
    size: "small",
    model: epoch({ primary: true, stepBackMs: 1, readLagMs: 1 }),
  },
  {
    name: "epoch tag, lost twice, primary reads, a server goes on whose clock is C behind, two readers",
    size: "large",
    model: epoch({ primary: true, stepBackMs: 1, readLagMs: 1, losses: 2, readers: 2, writes: 1 }),
  },
  { name: "epoch tag, two readers", size: "small", model: epoch({ readers: 2, writes: 1, losses: 0 }) },
  { name: "epoch tag, two readers, state lost once", size: "large", model: epoch({ readers: 2, writes: 1 }) },
  {
    name: "epoch tag in a space of timestamps, two writes share a tick",
    size: "small",
    model: epoch({ timestamps: [0, 1, 1], losses: 0, readLagMs: 1 }),
  },
  {
    name: "epoch tag added to a family, half of the fleet fills without it",
    size: "small",
    model: epoch({ untagged: true, losses: 0, readLagMs: 1 }),
  },
  {
    name: "epoch tag added to a family, half of the fleet fills without it, primary reads, state lost once",
    size: "large",
    model: epoch({ untagged: true, primary: true }),
  },
  { name: "epoch tag, blind bumps", size: "small", model: epoch({ blind: true, writes: 1 }) },
  { name: "epoch tag, three writes, primary reads, no loss", size: "large", model: epoch({ writes: 3, primary: true, losses: 0 }) },
  { name: "epoch tag, three writes", size: "large", model: epoch({ writes: 3 }) },
  {
    name: "epoch tag, two losses, a clock C behind, two readers",
    size: "large",
    model: epoch({ losses: 2, stepBackMs: 1, readers: 2, writes: 1 }),
  },
  {
    name: "epoch tag, two readers, two writes, primary reads, state lost once",
    size: "large",
    model: epoch({ readers: 2, primary: true }),
  },
  { name: "epoch tag in a space of timestamps, three writes", size: "large", model: epoch({ writes: 3, timestamps: [0, 1, 1, 2] }) },
];

const threeWrites = { writes: 3, losses: 0, primary: true, readLagMs: 1 } as const;

export const epochMutants: readonly Mutant[] = [
  {
    name: "no R gate for epochs",
    edits: [{ file: "decide-fill.ts", from: "ageUs < leastAgeUs", to: "ageUs < 0" }],
    model: epoch({}),
  },
  { name: "the generation is read at fill", edits: [], model: epoch({ readAtFill: true }) },
  {
    name: "the generation is read at fill, of a load from the primary",
    edits: [],
    model: epoch({ readAtFill: true, primary: true, losses: 0 }),
  },
  {
    name: "a created epoch without age",
    edits: [
      {
        file: "decide-epoch.ts",
        from: "ageUs: Math.max(0, clock.nowUs - generation)",
        to: "ageUs: state === null ? Number.POSITIVE_INFINITY : Math.max(0, clock.nowUs - generation)",
      },
    ],
    model: epoch({}),
  },
  {
    name: "a created hard generation of 0",
    edits: [{ file: "decide-epoch.ts", from: "hardGeneration: generation, records: [] }", to: "hardGeneration: 0, records: [] }" }],
    model: epoch({}),
  },
  {
    name: "a created generation without C, and a server goes on whose clock is C behind",
    edits: [{ file: "decide-epoch.ts", from: "const generation = nowUs + skewMs * 1000;", to: "const generation = nowUs + 0 * skewMs;" }],
    model: epoch(failover),
  },
  {
    name: "the recorded mode is the hardest ever seen",
    edits: [{ file: "decide-epoch.ts", from: "mode: difference > 0 ? mode : harder(old.mode, mode)", to: "mode: harder(old.mode, mode)" }],
    model: epoch(threeWrites),
  },
  {
    name: "a replay is left out whatever its mode, of an epoch",
    edits: [
      {
        file: "decide-epoch.ts",
        from: "compareVersions(held.version, version) >= 0 && harder(held.mode, mode) === held.mode;",
        to: "compareVersions(held.version, version) >= 0;",
      },
    ],
    model: epoch(threeWrites),
  },
  {
    name: "a replay in a space of timestamps is left out, of an epoch",
    edits: [
      {
        file: "decide-epoch.ts",
        from: 'if (version === null || spaceKind !== "counter") return false;',
        to: "if (version === null) return false;",
      },
    ],
    model: epoch({ timestamps: [0, 1, 1], losses: 0, primary: true }),
  },
  {
    name: "an entry that lacks a tag of the reader is valid",
    edits: [{ file: "decide-epoch.ts", from: 'for (const tag of current.keys()) if (!held.has(tag)) return "miss";', to: "" }],
    model: epoch({ untagged: true, losses: 0, writes: 1 }),
  },
  {
    name: "a hit from the hard generation on is fresh",
    edits: [{ file: "decide-epoch.ts", from: 'if (generation < epoch.generation) found = "stale";', to: "" }],
    model: epoch({}),
  },
  {
    name: "a load from the primary is stored under a generation ahead of its clock, which is lost to a clock C behind",
    edits: [{ file: "decide-fill.ts", from: "args.primaryRead ? 1 :", to: "args.primaryRead ? 0 :" }],
    model: epoch({ stepBackMs: 1, primary: true }),
  },
];
