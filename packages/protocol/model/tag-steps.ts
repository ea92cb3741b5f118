import type { BustMode } from "../src/bust.js";
import type { PendingBust, TagState } from "../src/decide-tag.js";
import type { Floors } from "../src/floors.js";
import { type Busting, baseUs, subjects, versionOf } from "./entry-steps.ts";
import { Memo, Pool } from "./pool.ts";
import type { Steps } from "./steps.ts";

export interface TagBounds {
  readonly floorMs: number;
  readonly skewMs: number;
  readonly readLagMs: number;
  readonly primarySlackMs: number;
  readonly keepMs: number;
}

export interface Telling {
  /** Version of each subject, -1 where the load does not tell. */
  readonly deps: readonly [number, number];
  readonly primary: boolean;
  /** Start of the lease by the clock of the tag's Redis, in ticks before now. */
  readonly leaseAge: number;
}

export interface TagStepped {
  readonly tag: number;
  readonly outcome: string;
  /** The number of the list that is to be walked. */
  readonly list: number;
  /** Whether a walk from here on has its member behind it. */
  readonly passed: boolean;
}

/** Runs the shipped steps of a swept tag on interned states, with all times relative to now. A tick is a millisecond. */
export class TagSteps {
  readonly empty: number;
  readonly #pool = new Pool<TagState>();
  readonly #lists = new Pool<readonly Busting[]>();
  readonly #memo = new Memo<TagStepped>();
  readonly #met = new Memo<boolean>();
  readonly #steps: Steps;
  readonly #bounds: TagBounds;

  constructor(steps: Steps, bounds: TagBounds) {
    this.#steps = steps;
    this.#bounds = bounds;
    this.empty = this.#pool.id(steps.noTag);
  }

  get(tag: number): TagState {
    return this.#pool.get(tag);
  }

  /** What a walk of that list does to each member. */
  list(list: number): readonly Busting[] {
    return this.#lists.get(list);
  }

  raise(tag: number, { subject, ordinal, mode }: { subject: number; ordinal: number; mode: BustMode }): TagStepped {
    return this.#memo.of(tag, (1 << 12) + ((ordinal + 1) * 2 + subject) * 2 + Number(mode === "hard"), () => {
      const version = ordinal < 0 ? null : versionOf(this.#steps, ordinal);
      const fact = { subject: subjects[subject] ?? "", version, spaceKind: "counter", mode } as const;
      const step = this.#steps.raiseTag(this.get(tag), fact, this.#clock());
      return this.#stepped(tag, step.outcome, step.write);
    });
  }

  /** Worker takes over whatever is to be walked: nobody's hold keeps it from that, as it would in time. */
  claim(tag: number, worker: number): TagStepped {
    return this.#memo.of(tag, (2 << 12) + worker, () => {
      const step = this.#steps.claimSweep(this.get(tag), { id: idOf(worker), holdMs: 0, nowUs: baseUs });
      const stepped = this.#stepped(tag, step.outcome, step.write);
      if (step.outcome !== "claimed") return stepped;
      return { ...stepped, list: this.#lists.id(step.sweep.busts.map(toBusting)), passed: step.sweep.cursor !== null };
    });
  }

  move(tag: number, worker: number): TagStepped {
    return this.#memo.of(tag, (3 << 12) + worker, () => {
      const cursor = { score: 1, member: "k" };
      const step = this.#steps.moveSweep(this.get(tag), { id: idOf(worker), holdMs: 0, nowUs: baseUs, cursor });
      return this.#stepped(tag, step.outcome, step.write);
    });
  }

  end(tag: number, worker: number): TagStepped {
    return this.#memo.of(tag, (4 << 12) + worker, () => {
      const step = this.#steps.endSweep(this.get(tag), { id: idOf(worker) });
      return this.#stepped(tag, step.outcome, step.write);
    });
  }

  /** Puts the entry into the index: its score, and the floors that were read behind it, in the state as it is now. */
  add(tag: number, oldScore: number | null, fillScore: number): { score: number; tag: number } {
    const args = { ...this.#clock(), fillTimeUs: fillScore, keepMs: this.#bounds.keepMs };
    const step = this.#steps.indexAdd(this.get(tag), oldScore, args);
    const stepped = step.write === null ? tag : this.#stepped(tag, "", step.write).tag;
    return { score: step.score, tag: stepped };
  }

  /** Whether the tag's live floors, as `indexAdd` answers them, let a load be promoted. */
  meets(tag: number, { deps, primary, leaseAge }: Telling): boolean {
    const argument = (((deps[0] + 1) * 4 + deps[1] + 1) * 2 + Number(primary)) * 64 + leaseAge + 16;
    return this.#met.of(tag, argument, () => {
      const { floors }: { floors: Floors } = this.#steps.indexAdd(this.get(tag), null, { ...this.#clock(), fillTimeUs: 0, keepMs: 0 });
      const known = deps.flatMap((dep, at) => (dep < 0 ? [] : [[subjects[at] ?? "", versionOf(this.#steps, dep)] as const]));
      const load = { deps: new Map(known), leaseStartUs: baseUs - leaseAge * 1000, primaryRead: primary };
      const { readLagMs, primarySlackMs } = this.#bounds;
      return this.#steps.meetsFloors(floors, load, { readLagMs, primarySlackMs });
    });
  }

  /** Members whose score is below this, by the tag's clock, are trimmed; in ticks before now. */
  trimAge(tag: number): number {
    const before = this.#steps.trimBefore(this.get(tag), { skewMs: this.#bounds.skewMs, nowUs: baseUs });
    return before === null ? Number.POSITIVE_INFINITY : (baseUs - before) / 1000;
  }

  tick(tag: number): TagStepped {
    return this.#memo.of(tag, 5 << 12, () => {
      const { floors, blindFloor, ...rest } = this.get(tag);
      return this.#stepped(tag, "", {
        ...rest,
        floors: floors.map((floor) => ({ ...floor, raisedAtUs: floor.raisedAtUs - 1000 })),
        blindFloor: blindFloor && { ...blindFloor, raisedAtUs: blindFloor.raisedAtUs - 1000 },
      });
    });
  }

  /** A worker that stopped never comes back under its id. */
  orphan(tag: number, worker: number): number {
    return this.#memo.of(tag, (6 << 12) + worker, () => this.#renamed(tag, (id) => (id === idOf(worker) ? "w0" : id))).tag;
  }

  swap(tag: number): number {
    return this.#memo.of(tag, 7 << 12, () => this.#renamed(tag, (id) => (id === idOf(0) ? idOf(1) : id === idOf(1) ? idOf(0) : id))).tag;
  }

  #clock(): { floorTtlMs: number; nowUs: number } {
    return { floorTtlMs: this.#bounds.floorMs, nowUs: baseUs };
  }

  #renamed(tag: number, rename: (id: string) => string): TagStepped {
    const { sweep, ...rest } = this.get(tag);
    return this.#stepped(tag, "", { ...rest, sweep: sweep && { ...sweep, id: rename(sweep.id) } });
  }

  #stepped(tag: number, outcome: string, write: TagState | null): TagStepped {
    return { tag: write === null ? tag : this.#pool.id(this.#normal(write)), outcome, list: 0, passed: false };
  }

  /** How far a walk goes is another model's; here only the order of steps counts, so lists have no time. */
  #normal({ floors, blindFloor, sweep, next, keepMsMax }: TagState): TagState {
    const isLive = ({ raisedAtUs }: { raisedAtUs: number }): boolean => raisedAtUs + this.#bounds.floorMs * 1000 >= baseUs;
    const timeless = (busts: readonly PendingBust[]): readonly PendingBust[] => busts.map((bust) => ({ ...bust, raisedAtUs: 0 }));
    return {
      floors: floors.filter(isLive),
      blindFloor: blindFloor !== null && isLive(blindFloor) ? blindFloor : null,
      sweep: sweep && { ...sweep, heldUntilUs: 0, busts: timeless(sweep.busts) },
      next: timeless(next),
      keepMsMax,
    };
  }
}

function idOf(worker: number): string {
  return `w${worker + 1}`;
}

export function toBusting({ subject, version: text, mode }: PendingBust): Busting {
  const ordinal = text === null ? -1 : Number.parseInt(text, 10);
  return {
    subject: subjects.indexOf(subject === subjects[0] ? subjects[0] : subjects[1]),
    ordinal,
    mode,
    timestamp: false,
    leaveFloor: false,
  };
}
