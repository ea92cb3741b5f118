import type { PendingBust, Sweep, SweepCursor, TagState } from "../src/decide-tag.js";
import { type Busting, subjects, versionOf } from "./entry-steps.ts";
import { Memo, Pool } from "./pool.ts";
import type { Steps } from "./steps.ts";
import { toBusting } from "./tag-steps.ts";

export interface Walked {
  readonly tag: number;
  readonly outcome: string;
  readonly list: number;
  readonly cursor: number;
}

/** Longer than any model runs: floors of these models never end, which only adds to what may happen. */
const floorTtlMs = 1_000_000;

/** Runs the shipped steps of a walk on interned states, with times as they are: a sweep's model is short. */
export class SweepSteps {
  readonly empty: number;
  /** The cursor of a walk that has not begun. */
  readonly start: number;
  readonly #tags = new Pool<TagState>();
  readonly #lists = new Pool<readonly PendingBust[]>();
  readonly #cursors = new Pool<{ cursor: SweepCursor | null }>();
  readonly #memo = new Memo<Walked>();
  readonly #met = new Memo<boolean>();
  readonly #steps: Steps;
  readonly #skewMs: number;

  constructor(steps: Steps, skewMs: number) {
    this.#steps = steps;
    this.#skewMs = skewMs;
    this.empty = this.#tags.id(steps.noTag);
    this.start = this.#cursors.id({ cursor: null });
  }

  sweep(tag: number): Sweep | null {
    return this.#tags.get(tag).sweep;
  }

  list(list: number): readonly Busting[] {
    return this.#lists.get(list).map(toBusting);
  }

  bound(list: number): number {
    return this.#steps.sweepBound(this.#lists.get(list), this.#skewMs);
  }

  cursor(cursor: number): SweepCursor | null {
    return this.#cursors.get(cursor).cursor;
  }

  cursorAt(cursor: SweepCursor): number {
    return this.#cursors.id({ cursor });
  }

  raise(tag: number, subject: number, nowUs: number): Walked {
    return this.#memo.of(tag, (1 << 12) + (nowUs / 1000) * 2 + subject, () => {
      const fact = { subject: subjects[subject] ?? "", version: versionOf(this.#steps, 1), spaceKind: "counter", mode: "hard" } as const;
      const step = this.#steps.raiseTag(this.#tags.get(tag), fact, { floorTtlMs, nowUs });
      return this.#walked(tag, step.outcome, step.write);
    });
  }

  claim(tag: number, worker: number): Walked {
    return this.#memo.of(tag, (2 << 12) + worker, () => {
      const step = this.#steps.claimSweep(this.#tags.get(tag), { id: idOf(worker), holdMs: 0, nowUs: 1 });
      const walked = this.#walked(tag, step.outcome, step.write);
      if (step.outcome !== "claimed") return walked;
      return { ...walked, list: this.#lists.id(step.sweep.busts), cursor: this.#cursors.id({ cursor: step.sweep.cursor }) };
    });
  }

  move(tag: number, worker: number, cursor: SweepCursor): Walked {
    const step = this.#steps.moveSweep(this.#tags.get(tag), { id: idOf(worker), holdMs: 0, nowUs: 1, cursor });
    return this.#walked(tag, step.outcome, step.write);
  }

  end(tag: number, worker: number): Walked {
    return this.#memo.of(tag, (3 << 12) + worker, () => {
      const step = this.#steps.endSweep(this.#tags.get(tag), { id: idOf(worker) });
      return this.#walked(tag, step.outcome, step.write);
    });
  }

  /** The score an entry gets, and whether its deps cover what the index' reply says; how late its load began does not help. */
  add(
    tag: number,
    { old, fillTimeUs, deps }: { old: number; fillTimeUs: number; deps: readonly [number, number] },
  ): { score: number; met: boolean } {
    const args = { floorTtlMs, nowUs: 1, fillTimeUs, keepMs: 0 };
    const { score, floors } = this.#steps.indexAdd(this.#tags.get(tag), old === 0 ? null : old, args);
    const met = this.#met.of(tag, deps[0] * 2 + deps[1], () => {
      const known = new Map(deps.map((dep, at) => [subjects[at] ?? "", versionOf(this.#steps, dep)]));
      const load = { deps: known, leaseStartUs: Number.NEGATIVE_INFINITY, primaryRead: false };
      return this.#steps.meetsFloors(floors, load, { readLagMs: 0, primarySlackMs: 0 });
    });
    return { score, met };
  }

  orphan(tag: number, worker: number): number {
    return this.#memo.of(tag, (4 << 12) + worker, () => this.#renamed(tag, (id) => (id === idOf(worker) ? "w0" : id))).tag;
  }

  swap(tag: number): number {
    const exchanged = (id: string): string => (id === idOf(0) ? idOf(1) : id === idOf(1) ? idOf(0) : id);
    return this.#memo.of(tag, 5 << 12, () => this.#renamed(tag, exchanged)).tag;
  }

  #renamed(tag: number, rename: (id: string) => string): Walked {
    const { sweep, ...rest } = this.#tags.get(tag);
    return this.#walked(tag, "", { ...rest, sweep: sweep && { ...sweep, id: rename(sweep.id) } });
  }

  #walked(tag: number, outcome: string, write: TagState | null): Walked {
    const after = write === null ? tag : this.#tags.id({ ...write, sweep: write.sweep && { ...write.sweep, heldUntilUs: 0 } });
    return { tag: after, outcome, list: 0, cursor: this.start };
  }
}

function idOf(worker: number): string {
  return `w${worker + 1}`;
}
