import type { Dialect } from "./dialects.js";
import { instantText } from "./instants.js";
import type { DeadLetterStats } from "./reports.js";
import { type Found, Tallies, type Tally } from "./tallies.js";

const NAMES_MAX = 1000;
/** More than a year. */
const HOURS_MAX = 10_000;
const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** What spans more is told by days. */
const HOURS_SHOWN_MAX = 48;

/** What the numbers of a topic are, apart from the window. */
export type Numbers = Pick<DeadLetterStats, "reasons" | "rules" | "sources" | "tenants" | "dialects" | "times" | "others">;

/** Counts letters, in memory that does not grow with their number. */
export class LetterStats {
  readonly #reasons = new Tallies<string>(NAMES_MAX);
  readonly #rules = new Tallies<string>(NAMES_MAX);
  readonly #sources = new Tallies<string | null>(NAMES_MAX);
  readonly #tenants = new Tallies<string | null>(NAMES_MAX);
  readonly #dialects = new Tallies<Dialect>(NAMES_MAX);
  readonly #hours = new Tallies<number>(HOURS_MAX);

  add({ letter, isResolved, tenant }: Found): void {
    this.#reasons.add(letter.reason, isResolved);
    this.#rules.add(letter.rule, isResolved);
    this.#sources.add(letter.source?.topic ?? null, isResolved);
    this.#tenants.add(tenant, isResolved);
    this.#dialects.add(letter.dialect, isResolved);
    this.#hours.add(Math.floor(letter.writtenAtMs / HOUR_MS), isResolved);
  }

  /** `areMarked`: whether anybody marks letters of this topic as resolved. */
  numbers(areMarked: boolean, tenantsAreKnown: boolean): Numbers {
    const row = ({ letters, resolved }: Tally) => ({ letters, open: areMarked ? letters - resolved : null });
    const times = timesOf(this.#hours.entries());
    return {
      reasons: mostFirst(this.#reasons).map(([reason, tally]) => ({ reason, ...row(tally) })),
      rules: mostFirst(this.#rules).map(([rule, tally]) => ({ rule, ...row(tally) })),
      sources: mostFirst(this.#sources).map(([topic, tally]) => ({ topic, ...row(tally) })),
      tenants: tenantsAreKnown ? mostFirst(this.#tenants).map(([tenant, tally]) => ({ tenant, ...row(tally) })) : null,
      dialects: mostFirst(this.#dialects).map(([dialect, tally]) => ({ dialect, ...row(tally) })),
      times: { unit: times.unit, counts: times.counts.map(({ from, tally }) => ({ from, ...row(tally) })) },
      others: {
        reasons: this.#reasons.others.letters,
        rules: this.#rules.others.letters,
        sources: this.#sources.others.letters,
        tenants: tenantsAreKnown ? this.#tenants.others.letters : 0,
        times: this.#hours.others.letters + times.outside,
      },
    };
  }
}

function mostFirst<K extends string | null>(tallies: Tallies<K>): readonly (readonly [K, Tally])[] {
  return tallies.entries().toSorted(([a, one], [b, other]) => other.letters - one.letters || ((a ?? "") < (b ?? "") ? -1 : 1));
}

interface Times {
  readonly unit: "hour" | "day";
  readonly counts: readonly { readonly from: string; readonly tally: Tally }[];
  /** Letters whose time no calendar has. */
  readonly outside: number;
}

function timesOf(hours: readonly (readonly [number, Tally])[]): Times {
  const numbers = hours.map(([hour]) => hour);
  const isLong = hours.length > 0 && Math.max(...numbers) - Math.min(...numbers) >= HOURS_SHOWN_MAX;
  const step = isLong ? DAY_HOURS : 1;
  const folded = new Map<number, Tally>();
  for (const [hour, { letters, resolved }] of hours) {
    const at = Math.floor(hour / step) * step;
    const tally = folded.get(at) ?? { letters: 0, resolved: 0 };
    folded.set(at, { letters: tally.letters + letters, resolved: tally.resolved + resolved });
  }
  const placed = [...folded].toSorted(([a], [b]) => a - b).map(([hour, tally]) => ({ from: instantText(hour * HOUR_MS), tally }));
  const counts = placed.flatMap(({ from, tally }) => (from === null ? [] : [{ from, tally }]));
  const outside = placed.reduce((sum, { from, tally }) => sum + (from === null ? tally.letters : 0), 0);
  return { unit: isLong ? "day" : "hour", counts, outside };
}
