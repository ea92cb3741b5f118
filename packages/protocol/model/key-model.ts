import type { Holding, Mutant } from "./cases.ts";
import { type EntryModel, entryModel } from "./entry-model.ts";
import type { Steps } from "./steps.ts";

/** One key, one subject: every load tells its version, and sees what is up to R old, inclusive. */
const base = { leaseMs: 2, readLagMs: 2, writes: [3, 0], readers: 2, reports: [1], lagInclusive: true, modes: ["hard", "soft"] } as const;

const key =
  (change: Partial<EntryModel>) =>
  (steps: Steps): ReturnType<typeof entryModel> =>
    entryModel({ ...base, ...change, steps });

/** A `timestamp` space in which two writes share a tick: there time must help, so nothing is seen that is exactly R old. */
const shared = { timestamps: [0, 1, 1, 2], readers: 1, lagInclusive: false } as const;

export const keyHoldings: readonly Holding[] = [
  { name: "one key, L 2 R 2, three writes, two readers, soft and hard", size: "small", model: key({}) },
  { name: "one key, L 3 R 1", size: "large", model: key({ leaseMs: 3, readLagMs: 1 }) },
  { name: "one key, L 1 R 3", size: "large", model: key({ leaseMs: 1, readLagMs: 3 }) },
  { name: "one key, L 2 R 2, four writes", size: "large", model: key({ writes: [4, 0] }) },
  { name: "one key in a space of timestamps, two writes share a tick", size: "small", model: key({ ...shared, primary: true }) },
  { name: "one key in a space of timestamps, three share a tick", size: "small", model: key({ ...shared, timestamps: [0, 1, 1, 1] }) },
  { name: "one key in a space of timestamps, two readers, L 1 R 2", size: "large", model: key({ ...shared, readers: 2, leaseMs: 1 }) },
  { name: "one key, F shorter than L + R: no fill is taken", size: "small", model: key({ floorMs: 2, readers: 1 }) },
  {
    name: "Redis evicts keys with their floors, and every load reads the primary (lag 0)",
    size: "small",
    model: key({ readLagMs: 0, lagInclusive: false, evicts: true }),
  },
];

export const keyMutants: readonly Mutant[] = [
  {
    name: "F is shorter than L + R, and a fill does not mind",
    edits: [{ file: "decide-fill.ts", from: "if (outlivesFloors(held, args)) return", to: "if (false) return" }],
    model: key({ floorMs: 2 }),
  },
  {
    name: "no floor",
    edits: [{ file: "decide.ts", from: "if (args.leaveFloor && !isOutOfReach)", to: "if (false)" }],
    model: key({}),
  },
  {
    name: "no floor when covered",
    edits: [
      {
        file: "decide.ts",
        from: "if (args.leaveFloor && !isOutOfReach)",
        to: 'if (args.leaveFloor && !isOutOfReach && outcome !== "covered")',
      },
    ],
    model: key({}),
  },
  {
    name: "a floor one tick short",
    edits: [{ file: "floors.ts", from: "raisedAtUs + floorTtlMs * 1000 >= nowUs", to: "raisedAtUs + (floorTtlMs - 1) * 1000 >= nowUs" }],
    // Half a millisecond a tick: with a whole one the last instant before a deadline is too far from it to show the gap.
    model: key({ leaseMs: 1, readLagMs: 1, tickUs: 500 }),
  },
  {
    name: "no lease token",
    edits: [{ file: "decide-fill.ts", from: "if (held === null || held.token !== args.token) return", to: "if (held === null) return" }],
    model: key({}),
  },
  {
    name: "bust drops floors",
    edits: [
      {
        file: "decide.ts",
        from: "return { outcome, remove, soften, write: { ...raised, lease } };",
        to: "return { outcome, remove, soften, write: remove ? { floors: [], blindFloor: null, lease } : { ...raised, lease } };",
      },
    ],
    model: key({}),
  },
  {
    name: "an equal timestamp does not move raised-at",
    edits: [
      {
        file: "floors.ts",
        from: 'raised.spaceKind === "timestamp" ? raised.raisedAtUs : old.raisedAtUs',
        to: "old.raisedAtUs",
      },
    ],
    model: key(shared),
  },
  {
    name: "an equal timestamp covers",
    edits: [{ file: "floors.ts", from: 'spaceKind === "timestamp" ? difference > 0 : difference >= 0', to: "difference >= 0" }],
    model: key(shared),
  },
  {
    name: "a replay in a space of timestamps is left out",
    edits: [
      {
        file: "floors.ts",
        from: 'if (version === null || spaceKind !== "counter") return false;',
        to: "if (version === null) return false;",
      },
    ],
    model: key(shared),
  },
  { name: "Redis evicts floors while loads lag", edits: [], model: key({ evicts: true }) },
  { name: "a lease call that was given up arrives when the load is done, with the same token", edits: [], model: key({ lateLease: true }) },
];
