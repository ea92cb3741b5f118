import type { Holding, Mutant } from "./cases.ts";
import type { Steps } from "./steps.ts";
import { type SweepModel, sweepModel } from "./sweep-model.ts";

/** Two entries, a reader each, one subject, fills C before or behind the tag's clock. */
const base = { ticks: 1, skewMs: 1, offsets: [-1, 1], readers: [0, 1], workers: 1, subjects: 1, pageSize: 1, loads: [0, 1] } as const;

const sweep =
  (change: Partial<SweepModel>) =>
  (steps: Steps): ReturnType<typeof sweepModel> =>
    sweepModel({ ...base, ...change, steps });

const twoWorkers = { ticks: 0, workers: 2, offsets: [0, 1] } as const;
const oneEntry = { readers: [0], subjects: 2, loads: [0, 1, 3] } as const;

export const sweepHoldings: readonly Holding[] = [
  { name: "walk of two members, one subject", size: "small", model: sweep({ ticks: 0 }) },
  { name: "walk of two members, two subjects, the next list", size: "small", model: sweep({ ticks: 0, subjects: 2 }) },
  { name: "walk of one member, two subjects, the clock goes on", size: "small", model: sweep(oneEntry) },
  { name: "walk of two members, two workers", size: "small", model: sweep({ ...twoWorkers, offsets: [1] }) },
  { name: "walk of two members, pages of two", size: "small", model: sweep({ ticks: 0, pageSize: 2, offsets: [0, 1] }) },
  { name: "walk of two members, one subject, three fill times", size: "large", model: sweep({ ticks: 0, offsets: [-1, 0, 1] }) },
  { name: "walk of two members, one subject, the clock goes on", size: "large", model: sweep({}) },
  { name: "walk of two members, three readers", size: "large", model: sweep({ ticks: 0, readers: [0, 0, 1] }) },
  { name: "walk of two members, two workers, two fill times", size: "large", model: sweep(twoWorkers) },
  { name: "walk of two members, two workers, two subjects", size: "large", model: sweep({ ...twoWorkers, subjects: 2, loads: [0, 1, 3] }) },
  { name: "walk of two members, pages of two, the clock goes on", size: "large", model: sweep({ pageSize: 2, offsets: [-1, 0, 1] }) },
];

const walk = "decide-tag.ts";

export const sweepMutants: readonly Mutant[] = [
  {
    name: "the first list's bound for the next list",
    edits: [],
    model: sweep({ readers: [0], subjects: 2, ticks: 3, offsets: [0], loads: [0, 1], firstBound: true }),
  },
  { name: "a walk paged by offset", edits: [], model: sweep({ ticks: 0, byOffset: true }) },
  {
    name: "an exclusive cursor",
    edits: [
      {
        file: walk,
        from: "score > cursor.score || (score === cursor.score && Buffer.compare(Buffer.from(key), Buffer.from(cursor.member)) > 0)",
        to: "score > cursor.score",
      },
    ],
    model: sweep({ ticks: 0 }),
  },
  {
    name: "a bound without C",
    edits: [{ file: walk, from: "+ 2 * skewMs * 1000;", to: "+ 0 * skewMs;" }],
    model: sweep({ ticks: 0 }),
  },
  {
    name: "a full page with nothing new ends the walk",
    edits: [{ file: walk, from: 'kind: page.length < limit ? "end" : "again"', to: 'kind: page.length <= limit ? "end" : "again"' }],
    model: sweep({ ticks: 0 }),
  },
  {
    name: "a walk that is taken over begins behind its members",
    edits: [
      {
        file: walk,
        from: "const begun: Sweep = { id, heldUntilUs, cursor: null, busts: next };",
        to: 'const begun: Sweep = { id, heldUntilUs, cursor: { score: sweepBound(next, 0), member: "e0" }, busts: next };',
      },
    ],
    model: sweep({ ticks: 0 }),
  },
];
