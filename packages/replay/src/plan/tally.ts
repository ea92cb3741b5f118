import type { SliceReport } from "@freshet/pipeline";
import type { BustOutcome, KeyBust, TagOutcome } from "@freshet/protocol";
import { instantNear } from "../dead-letters/instants.js";
import { nonePassed, type Passed, type PassedCounts, passedReasons, type Replayed } from "../run/replayed.js";
import { type Counts, exactness, type KeyCounts, noCounts, noKeys, type RemovalCause, sorted } from "./counts.js";
import { KeyRanks } from "./key-ranks.js";

/** Keys and tags are counted exactly up to here: 16 MB. */
const EXACT_KEYS_MAX = 1_000_000;

/**
 * Counts what became of slices. A key is what the strongest of its busts made of it, so the numbers do not depend on the order of
 * the records or on how they were cut into slices: those of a plan are those of the run where nothing else runs.
 */
export class Tally {
  readonly #records = { ...noCounts.records };
  readonly #failing: Record<string, number> = {};
  readonly #removedBecause = { ...noCounts.removedBecause };
  readonly #keys = new KeyTally();
  readonly #families = new Map<string, KeyTally>();
  readonly #tags = { ...noCounts.tags };
  readonly #keyRanks: KeyRanks;
  readonly #tagRanks: KeyRanks;
  readonly #passed: Record<Passed, number> = { ...nonePassed };
  #busts = 0;
  #hasRunAgain = false;
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.NEGATIVE_INFINITY;

  constructor(exactKeysMax: number = EXACT_KEYS_MAX) {
    this.#keyRanks = new KeyRanks(exactKeysMax);
    this.#tagRanks = new KeyRanks(exactKeysMax);
  }

  /** Records chosen so far. */
  get records(): number {
    return this.#records.chosen;
  }

  /** A slice was run again: what went when it was run first is not told any more. */
  runAgain(): void {
    this.#hasRunAgain = true;
  }

  pass(passed: PassedCounts): void {
    for (const why of passedReasons) this.#passed[why] += passed[why];
  }

  /** Records that were chosen, those among them that are foreign, and what the pipeline made of the others. */
  add(items: readonly Replayed[], report: SliceReport): void {
    for (const { timeMs, isDeclared } of items) {
      this.#records.chosen++;
      if (!isDeclared) this.#records.foreign++;
      this.#fromMs = Math.min(this.#fromMs, timeMs);
      this.#toMs = Math.max(this.#toMs, timeMs);
    }
    for (const mapped of report.mapped) {
      if (mapped.kind === "busts") this.#records.busting++;
      else if (mapped.kind === "ignored") this.#records.ignored++;
      else if (mapped.kind === "no_match") this.#records.noRule++;
      else {
        const { reason } = mapped.rejection;
        this.#records.failing++;
        this.#failing[reason] = (this.#failing[reason] ?? 0) + 1;
      }
    }
    this.#busts += report.busts.length + report.tagBusts.length;
    for (const [at, bust] of report.busts.entries()) this.#addKey(bust, report.outcomes[at] ?? "absent");
    for (const [at, { target, tag }] of report.tagBusts.entries()) this.#addTag(`${target}:${tag}`, report.tagOutcomes[at] ?? "covered");
  }

  counts(): Counts {
    const families = [...this.#families].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return {
      records: { ...this.#records },
      passed: passedReasons.reduce((sum, why) => sum + this.#passed[why], 0),
      passedBecause: { ...this.#passed },
      failing: sorted(this.#failing),
      busts: this.#busts,
      keys: this.#keys.counts(),
      removedBecause: { ...this.#removedBecause },
      families: Object.fromEntries(families.map(([name, family]) => [name, family.counts()])),
      tags: { ...this.#tags },
      span: this.#records.chosen === 0 ? null : { from: instantNear(this.#fromMs), to: instantNear(this.#toMs) },
      ...exactness([
        ...(this.#keyRanks.isExact && this.#tagRanks.isExact ? [] : (["many_keys"] as const)),
        ...(this.#hasRunAgain ? (["slice_run_again"] as const) : []),
      ]),
    };
  }

  #addKey(bust: KeyBust, outcome: BustOutcome): void {
    const became = becameOf(bust, outcome);
    const before = KEY_ENDS[this.#keyRanks.raise(bust.key, rankOf(became))];
    const family = this.#families.get(bust.family) ?? new KeyTally();
    this.#families.set(bust.family, family);
    if (!this.#keys.move(before, became)) return;
    family.move(before, became);
    if (became === "removed") this.#removedBecause[causeOf(bust, outcome)]++;
  }

  #addTag(name: string, outcome: TagOutcome): void {
    const rank = outcome === "covered" ? 1 : 2;
    const before = this.#tagRanks.raise(name, rank);
    if (before === 0) this.#tags.touched++;
    if (rank <= before) return;
    if (before === 1) this.#tags.covered--;
    this.#tags[rank === 1 ? "covered" : "busted"]++;
  }
}

type KeyEnd = Exclude<keyof KeyCounts, "touched">;

/** By rank: what a later bust finds never hides what an earlier one did. */
const KEY_ENDS: readonly (KeyEnd | undefined)[] = [undefined, "absent", "covered", "kept", "softened", "removed"];

function rankOf(end: KeyEnd): number {
  return KEY_ENDS.indexOf(end);
}

class KeyTally {
  readonly #counts: { -readonly [end in keyof KeyCounts]: number } = { ...noKeys };

  /** Whether this is more than what was known of the key. */
  move(before: KeyEnd | undefined, now: KeyEnd): boolean {
    if (before !== undefined && rankOf(now) <= rankOf(before)) return false;
    if (before === undefined) this.#counts.touched++;
    else this.#counts[before]--;
    this.#counts[now]++;
    return true;
  }

  counts(): KeyCounts {
    return { ...this.#counts };
  }
}

function becameOf(bust: KeyBust, outcome: BustOutcome): KeyEnd {
  if (outcome !== "unversioned") return outcome;
  return bust.entry.onUnversioned === "keep" ? "kept" : "removed";
}

function causeOf(bust: KeyBust, outcome: BustOutcome): RemovalCause {
  if (bust.entry.kind === "opaque") return "opaque";
  if (bust.version === null) return "blind";
  return outcome === "unversioned" ? "unversioned" : "older";
}
