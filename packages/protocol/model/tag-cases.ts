import type { Holding, Mutant } from "./cases.ts";
import type { Steps } from "./steps.ts";
import type { TagModel } from "./tag-layout.ts";
import { tagModel } from "./tag-model.ts";

/** One subject, of which a load may tell its version or not; the entry's clock as the tag's. */
const one = {
  writes: [1, 0],
  leaseMs: 1,
  lagMs: 1,
  skewMs: 1,
  provisionalMs: 1,
  ahead: 0,
  readers: 1,
  workers: 1,
  modes: ["hard"],
  reports: [1, 0],
} as const;

/** Two subjects: some flaws of a walk hide with one. Loads tell both. */
const two = { writes: [1, 1], reports: [3], lagMs: 0, skewMs: 0, calm: true } as const;
const twoStill = { ...two, still: true } as const;

/**
 * Two ticks of clock difference: with one, the member is off the index just when the entry ends. Where lag is 0, clocks
 * that differ by exactly C make a lease just before a bust look as if it were just late enough: less than C is meant.
 */
const trimmed = { keepMs: 2, ahead: -2, skewMs: 2, lagMs: 0 } as const;

const swept =
  (change: Partial<TagModel>) =>
  (steps: Steps): ReturnType<typeof tagModel> =>
    tagModel({ ...one, ...change, steps });

export const tagHoldings: readonly Holding[] = [
  { name: "swept tag, one subject", size: "small", model: swept({}) },
  { name: "swept tag, the entry's clock C ahead, primary reads", size: "small", model: swept({ ahead: 1, primary: true }) },
  { name: "swept tag, the entry's clock C behind, primary reads", size: "small", model: swept({ ahead: -1, primary: true }) },
  { name: "swept tag, two workers, crashes and zombies", size: "small", model: swept({ workers: 2, skewMs: 0 }) },
  { name: "swept tag, two subjects, clocks stand still", size: "small", model: swept(twoStill) },
  { name: "swept tag, two subjects, two workers, clocks stand still", size: "small", model: swept({ ...twoStill, workers: 2 }) },
  {
    name: "swept tag, two subjects, two workers, two readers, missing deps, clocks stand still",
    size: "large",
    model: swept({ ...twoStill, workers: 2, readers: 2, reports: [3, 1], skewMs: 1 }),
  },
  { name: "swept tag, two subjects", size: "large", model: swept(two) },
  { name: "swept tag, trimmed, the entry's clock C behind", size: "small", model: swept(trimmed) },
  { name: "swept tag, blind busts", size: "large", model: swept({ blind: true, lagMs: 0, calm: true, reports: [1] }) },
  { name: "swept tag, trimmed, the entry's clock half of C ahead", size: "large", model: swept({ ...trimmed, ahead: 1 }) },
  { name: "swept tag, blind busts, lagging loads", size: "large", model: swept({ blind: true }) },
  { name: "swept tag, soft and hard", size: "large", model: swept({ modes: ["soft", "hard"], skewMs: 0 }) },
  { name: "swept tag, two readers", size: "large", model: swept({ readers: 2, primary: true }) },
  { name: "swept tag, two readers, the entry's clock C ahead", size: "large", model: swept({ readers: 2, ahead: 1 }) },
  { name: "swept tag, two subjects, lagging loads", size: "large", model: swept({ ...two, lagMs: 1 }) },
  {
    name: "swept tag, two subjects, missing deps, values that go away",
    size: "large",
    model: swept({ ...two, reports: [3, 1], lagMs: 1, calm: false }),
  },
  { name: "swept tag, two subjects, two workers", size: "large", model: swept({ ...two, workers: 2 }) },
  {
    name: "swept tag, two writes, soft and hard",
    size: "large",
    model: swept({ writes: [2, 0], modes: ["soft", "hard"], skewMs: 0, lagMs: 0, reports: [1] }),
  },
];

const fill = "decide-fill.ts";
const walk = "decide-tag.ts";

export const tagMutants: readonly Mutant[] = [
  {
    name: "no floor of a tag",
    edits: [
      {
        file: walk,
        from: "write: { ...state, ...floors, next } };",
        to: "write: { ...state, floors: [], blindFloor: floors.blindFloor && null, next } };",
      },
    ],
    model: swept({}),
  },
  {
    name: "no provisional step",
    edits: [
      {
        file: fill,
        from: "provisional: provisionalMs === null ? null : { token, deadlineUs: nowUs + provisionalMs * 1000 },",
        to: "provisional: null,",
      },
    ],
    model: swept({}),
  },
  {
    name: "promote by token only",
    edits: [{ file: fill, from: 'if (provisional.deadlineUs <= nowUs) return { outcome: "gone", write: null };', to: "" }],
    model: swept({}),
  },
  {
    name: "promote without the token",
    edits: [{ file: fill, from: "provisional === null || provisional.token !== token) return", to: "provisional === null) return" }],
    model: swept({ readers: 2, lagMs: 1, skewMs: 0 }),
  },
  { name: "the floors are read before the index is written", edits: [], model: swept({ floorsFirst: true }) },
  {
    name: "indexRemove whatever the score",
    edits: [{ file: walk, from: "return score === seenScore;", to: "return score !== null && seenScore >= 0;" }],
    model: swept(twoStill),
  },
  {
    name: "a score that does not rise",
    edits: [{ file: walk, from: "oldScore === null ? 0 : oldScore + 1)", to: "oldScore ?? 0)" }],
    model: swept(twoStill),
  },
  {
    name: "trim without C",
    edits: [{ file: walk, from: "nowUs - (keepMsMax + skewMs) * 1000", to: "nowUs - (keepMsMax + 0 * skewMs) * 1000" }],
    model: swept(trimmed),
  },
  {
    name: "one pending sweep that a later one replaces",
    edits: [{ file: walk, from: "const next = enlist(state.next, {", to: "const next = enlist([], {" }],
    model: swept(twoStill),
  },
  {
    name: "a bust joins the list under way without a restart",
    edits: [
      {
        file: walk,
        from: "write: { ...state, ...floors, next } };",
        to: "write: state.sweep ? { ...state, ...floors, sweep: { ...state.sweep, busts: enlist(state.sweep.busts, next.at(-1) as PendingBust) } } : { ...state, ...floors, next } };",
      },
    ],
    model: swept(two),
  },
  {
    name: "progress written by a zombie",
    edits: [
      {
        file: walk,
        from: 'if (state.sweep?.id !== id) return { outcome: "lost", write: null };\n  return { outcome: "moved"',
        to: 'if (state.sweep === null || id === "") return { outcome: "lost", write: null };\n  return { outcome: "moved"',
      },
    ],
    model: swept({ ...twoStill, workers: 2 }),
  },
  {
    name: "the end written by a zombie",
    edits: [
      {
        file: walk,
        from: 'if (state.sweep?.id !== id) return { outcome: "lost", write: null };\n  return { outcome: state.next',
        to: 'if (state.sweep === null || id === "") return { outcome: "lost", write: null };\n  return { outcome: state.next',
      },
    ],
    model: swept({ ...twoStill, workers: 2 }),
  },
  {
    name: "R without C for floors of tags",
    edits: [
      {
        file: "floors.ts",
        from: "return load.leaseStartUs >= raisedAtUs + wait.readLagMs * 1000;",
        to: "return load.leaseStartUs >= raisedAtUs + (wait.readLagMs - 1) * 1000;",
      },
    ],
    model: swept({ ahead: 1 }),
  },
  { name: "a primary read meets floors of tags without C", edits: [], model: swept({ ahead: 1, primary: true, primarySlackMs: 0 }) },
  {
    name: "a primary read is allowed at raised-at + C of a tag itself",
    edits: [{ file: "floors.ts", from: "return load.leaseStartUs > raisedAtUs +", to: "return load.leaseStartUs >= raisedAtUs +" }],
    model: swept({ ahead: 1, primary: true }),
  },
  {
    name: "a soft bust of a tag whose walk a hard one meets",
    edits: [
      {
        file: walk,
        from: "return a.subject === b.subject && a.mode === b.mode && a.spaceKind === b.spaceKind;",
        to: "return a.subject === b.subject && a.spaceKind === b.spaceKind;",
      },
    ],
    model: swept({ modes: ["hard", "soft"], writes: [2, 0], lagMs: 0, skewMs: 0, reports: [1] }),
  },
  {
    // A known limit, kept here so that it stays known.
    name: "two fills of one key in one microsecond, around a removal",
    edits: [],
    model: swept({ ...twoStill, workers: 2, sameMicrosecond: true }),
  },
  { name: "clocks that differ by exactly C, and a lag of 0", edits: [], model: swept({ ahead: 2, skewMs: 2, lagMs: 0 }) },
];
