import type { BustMode } from "../src/bust.js";
import type { EntryState } from "../src/entry-state.js";
import type { Version } from "../src/version.js";
import { Memo, Pool } from "./pool.ts";
import type { Steps } from "./steps.ts";

/** Now, in microseconds, of every step: states hold times relative to it, and a tick moves them back. */
export const baseUs = 1_000_000_000;

export interface EntryBounds {
  readonly tickUs: number;
  readonly leaseMs: number;
  readonly readLagMs: number;
  readonly floorMs: number;
  readonly provisionalMs: number;
  /** `null`: values go away at any moment instead of at their keep-until. */
  readonly keepMs: number | null;
}

export interface Filling {
  readonly reader: number;
  /** Version of each subject, -1 where the load does not tell. */
  readonly deps: readonly [number, number];
  readonly primary: boolean;
  readonly provisional: boolean;
}

export interface Busting {
  readonly subject: number;
  /** Of the event, as a number; -1: blind. */
  readonly ordinal: number;
  readonly mode: BustMode;
  readonly timestamp: boolean;
  readonly leaveFloor: boolean;
}

export interface Stepped {
  readonly entry: number;
  readonly outcome: string;
  /** Whether a value lies there afterwards. */
  readonly holds: boolean;
  readonly leaseStartUs: number;
}

const ever = Number.MAX_SAFE_INTEGER;

export const subjects = ["x/a", "x/b"] as const;

/** A small number as a version. */
export function versionOf(steps: Steps, ordinal: number): Version {
  const version = steps.parseVersion(String(ordinal));
  if (version === null) throw new Error(`${ordinal} is no version`);
  return version;
}

function tokenOf(reader: number): string {
  return `r${reader + 1}`;
}

/** Runs the shipped steps of an entry on interned states, with all times relative to now. */
export class EntrySteps {
  readonly empty: number;
  readonly #pool = new Pool<EntryState>();
  readonly #memo = new Memo<Stepped>();
  readonly #steps: Steps;
  readonly #bounds: EntryBounds;

  constructor(steps: Steps, bounds: EntryBounds) {
    this.#steps = steps;
    this.#bounds = bounds;
    this.empty = this.#pool.id(steps.noEntry);
  }

  get(entry: number): EntryState {
    return this.#pool.get(entry);
  }

  /** What a reader without epochs sees. */
  found(entry: number): "fresh" | "stale" | "none" {
    const step = this.#memo.of(entry, 1 << 12, () => {
      const outcome = this.#steps.readable(this.get(entry), { epochs: new Map(), nowUs: baseUs });
      return { entry, outcome, holds: false, leaseStartUs: 0 };
    });
    return step.outcome === "fresh" || step.outcome === "stale" ? step.outcome : "none";
  }

  lease(entry: number, reader: number): Stepped {
    const { leaseMs, floorMs } = this.#bounds;
    return this.#memo.of(entry, (2 << 12) + reader, () => {
      const args = { token: tokenOf(reader), epochs: new Map(), leaseTtlMs: leaseMs, floorTtlMs: floorMs, nowUs: baseUs };
      const step = this.#steps.lease(this.get(entry), args);
      const taken = step.write === null ? null : { ...this.get(entry), lease: step.write };
      return this.#stepped(entry, step.outcome, taken);
    });
  }

  /** A lease out of nowhere: where no time is modelled, somebody may always have taken one in time. */
  grant(entry: number, reader: number): number {
    return this.#memo.of(entry, (4 << 12) + reader, () => {
      const lease = { token: tokenOf(reader), startUs: baseUs, deadlineUs: baseUs + 1000 };
      return this.#stepped(entry, "", { ...this.get(entry), lease });
    }).entry;
  }

  fill(entry: number, filling: Filling): Stepped {
    const { reader, deps, primary, provisional } = filling;
    const argument = ((((deps[0] + 1) * 16 + deps[1] + 1) * 4 + reader) * 2 + Number(primary)) * 2 + Number(provisional);
    return this.#memo.of(entry, (3 << 12) + argument, () => {
      const { readLagMs, floorMs, provisionalMs, keepMs } = this.#bounds;
      const step = this.#steps.fill(this.get(entry), {
        token: tokenOf(reader),
        deps: new Map(deps.flatMap((dep, at) => (dep < 0 ? [] : [[subjects[at] ?? "", versionOf(this.#steps, dep)] as const]))),
        epochs: new Map(),
        primaryRead: primary,
        provisionalMs: provisional ? provisionalMs : null,
        freshMs: null,
        keepMs: keepMs ?? 1,
        readLagMs,
        floorTtlMs: floorMs,
        nowUs: baseUs,
      });
      const outcome = step.outcome === "filled" ? "filled" : step.reason;
      const leaseStartUs = step.outcome === "filled" ? step.leaseStartUs : 0;
      return { ...this.#stepped(entry, outcome, step.write), leaseStartUs };
    });
  }

  promote(entry: number, reader: number): Stepped {
    return this.#memo.of(entry, (7 << 12) + reader, () => {
      const step = this.#steps.promote(this.get(entry), { token: tokenOf(reader), nowUs: baseUs });
      return this.#stepped(entry, step.outcome, step.write);
    });
  }

  drop(entry: number, reader: number): Stepped {
    return this.#memo.of(entry, (8 << 12) + reader, () => {
      const step = this.#steps.drop(this.get(entry), { token: tokenOf(reader) });
      return this.#stepped(entry, step.outcome, step.write);
    });
  }

  bust(entry: number, { subject, ordinal, mode, timestamp, leaveFloor }: Busting): Stepped {
    const flags = (Number(mode === "hard") * 2 + Number(timestamp)) * 2 + Number(leaveFloor);
    return this.#memo.of(entry, (9 << 12) + ((ordinal + 1) * 2 + subject) * 8 + flags, () => {
      const before = this.get(entry);
      const step = this.#steps.bust(before, {
        subject: subjects[subject] ?? "",
        version: ordinal < 0 ? null : versionOf(this.#steps, ordinal),
        spaceKind: timestamp ? "timestamp" : "counter",
        mode,
        leaveFloor,
        onUnversioned: "bust",
        floorTtlMs: this.#bounds.floorMs,
        staleTtlMs: 1,
        nowUs: baseUs,
      });
      const kept = step.remove ? this.#steps.noEntry : { ...before, softened: step.soften ?? before.softened };
      return this.#stepped(entry, step.outcome, { ...kept, ...(step.write ?? {}) });
    });
  }

  /** A tick of the entry's clock. */
  tick(entry: number): Stepped {
    const shift = (timeUs: number): number => timeUs - this.#bounds.tickUs;
    return this.#memo.of(entry, 10 << 12, () => {
      const { lease, provisional, floors, blindFloor, keepUntilUs, ...rest } = this.get(entry);
      return this.#stepped(entry, "", {
        ...rest,
        lease: lease && { ...lease, startUs: shift(lease.startUs), deadlineUs: shift(lease.deadlineUs) },
        provisional: provisional && { ...provisional, deadlineUs: shift(provisional.deadlineUs) },
        floors: floors.map((floor) => ({ ...floor, raisedAtUs: shift(floor.raisedAtUs) })),
        blindFloor: blindFloor && { ...blindFloor, raisedAtUs: shift(blindFloor.raisedAtUs) },
        keepUntilUs: keepUntilUs && shift(keepUntilUs),
      });
    });
  }

  /** The value goes away by itself, or Redis evicts the whole key. */
  lose(entry: number, what: "value" | "key"): Stepped {
    return this.#memo.of(entry, (11 << 12) + Number(what === "key"), () => {
      const { floors, blindFloor, lease } = this.get(entry);
      return this.#stepped(entry, "", { ...this.#steps.noEntry, ...(what === "value" ? { floors, blindFloor, lease } : {}) });
    });
  }

  /**
   * A reader ends or dies, and its next load has another token. What it left behind belongs to nobody: a provisional value that
   * nobody will promote is as good as none, and a lease that ends early only lets more happen.
   */
  orphan(entry: number, reader: number): Stepped {
    return this.#memo.of(entry, (12 << 12) + reader, () => {
      const state = this.get(entry);
      const { floors, blindFloor, provisional } = state;
      const lease = state.lease?.token === tokenOf(reader) ? null : state.lease;
      if (provisional?.token !== tokenOf(reader)) return this.#stepped(entry, "", { ...state, lease });
      return this.#stepped(entry, "", { ...this.#steps.noEntry, floors, blindFloor, lease });
    });
  }

  /** The same with two readers' names exchanged. */
  swap(entry: number, a: number, b: number): number {
    const renamed = (token: string): string => (token === tokenOf(a) ? tokenOf(b) : token === tokenOf(b) ? tokenOf(a) : token);
    const swapped = this.#memo.of(entry, (13 << 12) + a * 16 + b, () => {
      const { lease, provisional, ...rest } = this.get(entry);
      return this.#stepped(entry, "", {
        ...rest,
        lease: lease && { ...lease, token: renamed(lease.token) },
        provisional: provisional && { ...provisional, token: renamed(provisional.token) },
      });
    });
    return swapped.entry;
  }

  #stepped(entry: number, outcome: string, write: EntryState | null): Stepped {
    const after = write === null ? entry : this.#pool.id(this.#normal(write));
    return { entry: after, outcome, holds: this.get(after).value !== null, leaseStartUs: 0 };
  }

  /** What can no longer matter is forgotten, so that states are few: times long past, and keep-untils where none is modelled. */
  #normal(state: EntryState): EntryState {
    const { lease, provisional, softened, keepUntilUs, value } = state;
    const isLive = ({ raisedAtUs }: { raisedAtUs: number }): boolean => raisedAtUs + this.#bounds.floorMs * 1000 >= baseUs;
    const past = baseUs - this.#bounds.tickUs;
    return {
      value,
      lease: lease !== null && lease.deadlineUs < baseUs ? null : lease,
      floors: state.floors.filter(isLive),
      blindFloor: state.blindFloor !== null && isLive(state.blindFloor) ? state.blindFloor : null,
      provisional: provisional && { ...provisional, deadlineUs: Math.max(provisional.deadlineUs, past) },
      softened: softened && { atUs: 0, keepUntilUs: ever },
      keepUntilUs: this.#bounds.keepMs === null || keepUntilUs === null ? null : Math.max(keepUntilUs, past),
      loadStartUs: null,
      freshUntilUs: null,
      epochs: state.epochs,
    };
  }
}
