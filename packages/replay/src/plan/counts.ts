import { z } from "zod";
import { count, instant } from "../json-kinds.js";
import { nonePassed, type PassedCounts } from "../run/replayed.js";

/** Why entries were, or would be, removed. */
export type RemovalCause = "older" | "unversioned" | "blind" | "opaque";

/** Why counts of keys are more or less than what happened. */
const inexactCauses = ["many_keys", "two_runs", "slice_run_again"] as const;
export type InexactCause = (typeof inexactCauses)[number];

const keyCounts = z.looseObject({
  touched: count.meta({ description: "Keys that busts name, each once." }),
  removed: count.meta({ description: "Were there and go: not new enough, or nothing to compare." }),
  softened: count.meta({ description: "Are marked stale." }),
  covered: count.meta({ description: "Stay: already new enough." }),
  kept: count.meta({ description: "Stay: no version that can be read, and the family says keep." }),
  absent: count.meta({ description: "Nothing is cached." }),
});

const removedBecause = z.looseObject({
  older: count.meta({ description: "Older than the event, or built without its subject." }),
  unversioned: count.meta({ description: "No version that can be read." }),
  blind: count.meta({ description: "The event has no version, or --force ignores it." }),
  opaque: count.meta({ description: "Entries of this family have no version." }),
});

/** What a replay would do, or did. Keys and tags are counted once each, however many records name them. */
export const countsSchema = z.looseObject({
  records: z.looseObject({
    chosen: count.meta({ description: "Read and chosen by the filter; the sum of those below." }),
    busting: count.meta({ description: "A rule makes busts of them." }),
    noRule: count,
    ignored: count.meta({ description: "Tombstones and the like." }),
    failing: count.meta({ description: "Still failing: stay dead letters." }),
    foreign: count.meta({
      description:
        "Dead letters of topics that the rules do not declare, or that do not say where they come from: nothing is done with them.",
    }),
  }),
  passed: count.meta({ description: "Read and not chosen: the filter, or resolved before." }),
  passedBecause: z
    .looseObject({
      unwanted: count.meta({ description: "The filter does not choose them." }),
      resolved: count.meta({ description: "A replay resolved them before. `where` was not asked about them." }),
      noEvent: count.meta({ description: "`where` had no answer: no event that the rules can decode." }),
      notEvaluated: count.meta({ description: "`where` had no answer: it could not be evaluated. A field that is not there, say." }),
    })
    .optional()
    .meta({ description: "The passed ones by why; the sum is `passed`. Missing where a release before has counted." }),
  failing: z.record(z.string(), count).meta({ description: "The failing ones by reason." }),
  busts: count.meta({ description: "Steps sent to the store, after those of one slice were merged." }),
  keys: keyCounts,
  removedBecause,
  families: z.record(z.string(), keyCounts).meta({ description: "The same by family." }),
  tags: z.looseObject({
    touched: count,
    busted: count.meta({ description: "Swept tags to walk, epochs to raise." }),
    covered: count.meta({ description: "Busted before." }),
  }),
  span: z
    .looseObject({ from: instant, to: instant })
    .nullable()
    .meta({ description: "Times of the first and the last chosen record; null without any." }),
  exact: z.boolean().meta({ description: "false: counts of keys are not exact; inexactBecause says why." }),
  inexactBecause: z.array(z.enum(inexactCauses)).optional().meta({
    description:
      "many_keys: some may count twice. two_runs: a key that both touched counts twice, and what a killed one removed last counts as absent. slice_run_again: the store's answer did not come; what it had removed counts as absent.",
  }),
});

/** By key, each once: what the strongest of its busts made of it. */
export interface KeyCounts {
  readonly touched: number;
  readonly removed: number;
  readonly softened: number;
  readonly covered: number;
  readonly kept: number;
  readonly absent: number;
}

export interface Counts {
  readonly records: {
    readonly chosen: number;
    readonly busting: number;
    readonly noRule: number;
    readonly ignored: number;
    readonly failing: number;
    readonly foreign: number;
  };
  readonly passed: number;
  /** Missing where a release before has counted. */
  readonly passedBecause?: PassedCounts | undefined;
  readonly failing: Readonly<Record<string, number>>;
  readonly busts: number;
  readonly keys: KeyCounts;
  readonly removedBecause: Readonly<Record<RemovalCause, number>>;
  readonly families: Readonly<Record<string, KeyCounts>>;
  readonly tags: { readonly touched: number; readonly busted: number; readonly covered: number };
  /** RFC 3339. */
  readonly span: { readonly from: string; readonly to: string } | null;
  readonly exact: boolean;
  /** Missing where they are exact. */
  readonly inexactBecause?: readonly InexactCause[] | undefined;
}

countsSchema satisfies z.ZodType<Counts>;

export const noKeys: KeyCounts = { touched: 0, removed: 0, softened: 0, covered: 0, kept: 0, absent: 0 };

export const noCounts: Counts = {
  records: { chosen: 0, busting: 0, noRule: 0, ignored: 0, failing: 0, foreign: 0 },
  passed: 0,
  passedBecause: nonePassed,
  failing: {},
  busts: 0,
  keys: noKeys,
  removedBecause: { older: 0, unversioned: 0, blind: 0, opaque: 0 },
  families: {},
  tags: { touched: 0, busted: 0, covered: 0 },
  span: null,
  exact: true,
};

/** The counts of a run that went on where another ended: a key that both touched counts twice. */
export function addCounts(a: Counts, b: Counts): Counts {
  const families = Object.keys({ ...a.families, ...b.families }).toSorted();
  return {
    records: addNumbers(a.records, b.records),
    passed: a.passed + b.passed,
    ...addPassed(a, b),
    failing: sorted(addNumbers(a.failing, b.failing)),
    busts: a.busts + b.busts,
    keys: addNumbers(a.keys, b.keys),
    removedBecause: addNumbers(a.removedBecause, b.removedBecause),
    families: Object.fromEntries(families.map((name) => [name, addNumbers(a.families[name] ?? noKeys, b.families[name] ?? noKeys)])),
    tags: addNumbers(a.tags, b.tags),
    span: addSpans(a.span, b.span),
    ...exactness([...(a.inexactBecause ?? []), ...(b.inexactBecause ?? []), "two_runs"]),
  };
}

/** Whether counts are exact, and if not why: each cause once, always in the same order. */
export function exactness(causes: readonly InexactCause[]): Pick<Counts, "exact" | "inexactBecause"> {
  const inexactBecause = inexactCauses.filter((cause) => causes.includes(cause));
  return inexactBecause.length === 0 ? { exact: true } : { exact: false, inexactBecause };
}

/** Nothing where one of them does not tell. */
function addPassed(a: Counts, b: Counts): Pick<Counts, "passedBecause"> {
  const [before, now] = [a, b].map(({ passed, passedBecause }) => passedBecause ?? (passed === 0 ? nonePassed : undefined));
  return before === undefined || now === undefined ? {} : { passedBecause: addNumbers(before, now) };
}

function addNumbers<T extends object>(a: T, b: T): T {
  const sums = new Map<string, number>(Object.entries(a));
  for (const [name, value] of Object.entries(b)) sums.set(name, (sums.get(name) ?? 0) + value);
  return Object.fromEntries(sums) as T;
}

/** Reasons in the order of their names, so that the same counts give the same text. */
export function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function addSpans(a: Counts["span"], b: Counts["span"]): Counts["span"] {
  if (a === null || b === null) return a ?? b;
  const [from = a.from] = [a.from, b.from].toSorted();
  const [, to = a.to] = [a.to, b.to].toSorted();
  return { from, to };
}
