import type { Mapped, SliceReport } from "@freshet/pipeline";
import type { Bust } from "@freshet/protocol";

/** How many records end in another way under the new rules than under those that run. */
export interface OutcomeChange {
  readonly from: string;
  readonly to: string;
  readonly records: number;
}

/** Compares what two rules files make of the same records. */
export class OutcomeChanges {
  readonly #counts = new Map<string, OutcomeChange>();
  #same = 0;

  add(running: SliceReport, wanted: SliceReport): void {
    for (const [at, after] of wanted.mapped.entries()) {
      const before = running.mapped[at];
      if (before === undefined) continue;
      const change = changeOf(before, after);
      if (change === null) this.#same++;
      else this.#note(change.from, change.to);
    }
  }

  /** Records that end as they do now. */
  get same(): number {
    return this.#same;
  }

  /** The most frequent first. */
  list(): readonly OutcomeChange[] {
    return [...this.#counts.values()].toSorted((a, b) => b.records - a.records || compare(a.from + a.to, b.from + b.to));
  }

  #note(from: string, to: string): void {
    const name = `${from}\n${to}`;
    this.#counts.set(name, { from, to, records: (this.#counts.get(name)?.records ?? 0) + 1 });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function changeOf(before: Mapped, after: Mapped): { readonly from: string; readonly to: string } | null {
  const [from, to] = [endOf(before), endOf(after)];
  if (from !== to) return { from, to };
  if (before.kind !== "busts" || after.kind !== "busts") return null;
  const [old, fresh] = [targetsOf(before.busts), targetsOf(after.busts)];
  if (old.size === fresh.size && [...old].every((target) => fresh.has(target))) return null;
  return { from, to: [...old].every((target) => fresh.has(target)) ? "busts more" : "busts others" };
}

function endOf(mapped: Mapped): string {
  if (mapped.kind === "rejected") return `failing: ${mapped.rejection.reason}`;
  if (mapped.kind === "busts") return "busts";
  return mapped.kind === "ignored" ? "ignored" : "no rule";
}

function targetsOf(busts: readonly Bust[]): ReadonlySet<string> {
  return new Set(busts.map((bust) => `${bust.mode} ${bust.target} ${bust.target === "key" ? bust.key : bust.tag}`));
}
