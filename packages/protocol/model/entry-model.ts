import type { BustMode } from "../src/bust.js";
import { EntrySteps } from "./entry-steps.ts";
import { at, chosen, compareParts, exchange, put } from "./place.ts";
import type { Model, State } from "./search.ts";
import type { Steps } from "./steps.ts";

/** One key with floors: sources whose data lag, loaders that may be slow or die, busts late, twice and out of order. */
export interface EntryModel {
  readonly steps: Steps;
  readonly tickUs?: number;
  readonly leaseMs: number;
  readonly readLagMs: number;
  /** L + R when not given. */
  readonly floorMs?: number;
  /** A load still sees what is exactly R old. The rules do not need it; the floor's length is judged by it. */
  readonly lagInclusive?: boolean;
  /** How many writes of each of two subjects there are. */
  readonly writes: readonly [number, number];
  /** The tick of each write of the first subject, from the value that was there before: it is a `timestamp` space then. */
  readonly timestamps?: readonly number[];
  readonly readers: number;
  readonly modes?: readonly BustMode[];
  readonly blind?: boolean;
  /** Loads may read the primary, and say so. */
  readonly primary?: boolean;
  /** Which deps a load may report: 1 the first subject's, 2 the second's, 3 both, 0 none. */
  readonly reports: readonly number[];
  readonly provisional?: readonly boolean[];
  /** Redis removes whole keys. */
  readonly evicts?: boolean;
  /** A lease call that was given up arrives when the load is done. */
  readonly lateLease?: boolean;
}

/** Taken once: inside a test runner's sandbox each use of a global is a slow look-up. */
const { max, min } = Math;

const written = 0;
const acked = 2;
const ackedHard = 4;
const ages = 6;
const names = ["a", "b"];

/** Where a reader is: idle, leased, loaded, waiting to promote. */
const idle = 0;
const leased = 1;
const loaded = 2;
const filled = 3;
/** In a reader's report: it read the primary. */
const fromPrimary = 4;

export function entryModel(config: EntryModel): Model {
  const world = new EntryWorld(config);
  return {
    initial: world.initial(),
    next: (state, emit) => world.next(state, emit),
    broken: (state) => world.broken(state),
    canon: (state) => world.canon(state),
  };
}

type Emit = (label: string, to: number[]) => void;

/** Layout of a state: writes, acked, acked hard (two each), ages of the writes, entry, data of the entry, four numbers a reader. */
class EntryWorld {
  readonly #config: EntryModel;
  readonly #entries: EntrySteps;
  readonly #lagTicks: number;
  readonly #entry: number;
  readonly #readers: number;

  constructor(config: EntryModel) {
    const { steps, tickUs = 1000, leaseMs, readLagMs, floorMs = leaseMs + readLagMs } = config;
    this.#config = config;
    this.#entries = new EntrySteps(steps, { tickUs, leaseMs, readLagMs, floorMs, provisionalMs: 1, keepMs: null });
    this.#lagTicks = (readLagMs * 1000) / tickUs + (config.lagInclusive ? 1 : 0);
    this.#entry = ages + config.writes[0] + config.writes[1];
    this.#readers = this.#entry + 3;
  }

  initial(): State {
    const state = new Array<number>(this.#readers + 4 * this.#config.readers).fill(0);
    state[this.#entry] = this.#entries.empty;
    return state;
  }

  broken(state: State): string | null {
    const found = this.#entries.found(at(state, this.#entry));
    if (found === "none") return null;
    const floor = found === "fresh" ? acked : ackedHard;
    for (let subject = 0; subject < 2; subject++) {
      const data = at(state, this.#entry + 1 + subject);
      const need = at(state, floor + subject);
      if (data < need)
        return `a ${found} hit has ${names[subject]}${data}, but the ${found === "fresh" ? "" : "hard "}bust of ${names[subject]}${need} is acknowledged`;
    }
    return null;
  }

  canon(state: number[]): number[] {
    if (this.#config.readers !== 2) return state;
    const order = compareParts(state, this.#readers, 4);
    if (order > 0) exchange(state, this.#readers, 4);
    state[this.#entry] = chosen(order, at(state, this.#entry), this.#entries.swap(at(state, this.#entry), 0, 1));
    return state;
  }

  next(state: State, emit: Emit): void {
    this.#write(state, emit);
    this.#tick(state, emit);
    for (let reader = 0; reader < this.#config.readers; reader++) this.#read(state, reader, emit);
    this.#lose(state, emit);
    for (let subject = 0; subject < 2; subject++) {
      for (let write = 1; write <= at(state, written + subject); write++) this.#bust(state, { subject, write }, emit);
    }
  }

  #age(subject: number, write: number): number {
    return ages + (subject === 0 ? 0 : this.#config.writes[0]) + write - 1;
  }

  #write(state: State, emit: Emit): void {
    for (let subject = 0; subject < 2; subject++) {
      const write = at(state, written + subject) + 1;
      if (write > (this.#config.writes[subject] ?? 0)) continue;
      emit(`${names[subject]}${write} is written`, put(state, [written + subject, write], [this.#age(subject, write), 0]));
    }
  }

  #tick(state: State, emit: Emit): void {
    const to = put(state, [this.#entry, this.#entries.tick(at(state, this.#entry)).entry]);
    for (let subject = 0; subject < 2; subject++) {
      for (let write = 1; write <= at(state, written + subject); write++) {
        const age = this.#age(subject, write);
        to[age] = min(at(state, age) + 1, this.#lagTicks);
      }
    }
    emit("tick", to);
  }

  /** The newest write that every load sees by now. */
  #seenByAll(state: State, subject: number): number {
    for (let write = at(state, written + subject); write > 0; write--) {
      if (at(state, this.#age(subject, write)) >= this.#lagTicks) return write;
    }
    return 0;
  }

  #read(state: State, reader: number, emit: Emit): void {
    const place = this.#readers + 4 * reader;
    const name = `r${reader + 1}`;
    const entry = at(state, this.#entry);
    const stage = at(state, place);
    if (stage === idle || (stage === loaded && this.#config.lateLease)) {
      const step = this.#entries.lease(entry, reader);
      const isTaken = step.outcome === "leased" || step.outcome === "stale_leased";
      if (isTaken) emit(`${name} leases`, put(state, [this.#entry, step.entry], [place, stage === idle ? leased : loaded]));
    }
    if (stage === leased) this.#load(state, reader, emit);
    if (stage === loaded) {
      for (const provisional of this.#config.provisional ?? [false]) this.#fill(state, { reader, provisional }, emit);
    }
    if (stage === filled) {
      const step = this.#entries.promote(entry, reader);
      emit(`${name} promotes: ${step.outcome}`, this.#ended(put(state, [this.#entry, step.entry]), reader));
    }
    if (stage !== idle) emit(`${name} dies`, this.#ended([...state], reader));
  }

  #ended(state: number[], reader: number): number[] {
    state.fill(0, this.#readers + 4 * reader, this.#readers + 4 * reader + 4);
    const step = this.#entries.orphan(at(state, this.#entry), reader);
    state[this.#entry] = step.entry;
    if (!step.holds) state.fill(0, this.#entry + 1, this.#entry + 3);
    return state;
  }

  #load(state: State, reader: number, emit: Emit): void {
    const place = this.#readers + 4 * reader;
    const newest = [at(state, written), at(state, written + 1)] as const;
    const load = (a: number, b: number, report: number): void => {
      const deps = ["nothing", "a", "b", "a and b"][report & 3];
      const label = `r${reader + 1} loads a${a} b${b}${report & fromPrimary ? " from the primary" : ""}, reports ${deps}`;
      emit(label, put(state, [place, loaded], [place + 1, a], [place + 2, b], [place + 3, report]));
    };
    for (const report of this.#config.reports) {
      for (let a = this.#seenByAll(state, 0); a <= newest[0]; a++) {
        for (let b = this.#seenByAll(state, 1); b <= newest[1]; b++) load(a, b, report);
      }
      if (this.#config.primary) load(newest[0], newest[1], report | fromPrimary);
    }
  }

  #fill(state: State, { reader, provisional }: { reader: number; provisional: boolean }, emit: Emit): void {
    const place = this.#readers + 4 * reader;
    const data = [at(state, place + 1), at(state, place + 2)] as const;
    const report = at(state, place + 3);
    const deps = [report & 1 ? this.#version(0, data[0]) : -1, report & 2 ? data[1] : -1] as const;
    const step = this.#entries.fill(at(state, this.#entry), { reader, deps, primary: (report & fromPrimary) !== 0, provisional });
    const to = put(state, [this.#entry, step.entry]);
    if (step.outcome === "filled") to.splice(this.#entry + 1, 2, ...data);
    const label = `r${reader + 1} fills${provisional ? " provisionally" : ""}: ${step.outcome}`;
    if (step.outcome !== "filled" || !provisional) emit(label, this.#ended(to, reader));
    else emit(label, put(to, [place, filled], [place + 1, 0], [place + 2, 0], [place + 3, 0]));
  }

  #version(subject: number, write: number): number {
    return subject === 0 ? (this.#config.timestamps?.[write] ?? write) : write;
  }

  #lose(state: State, emit: Emit): void {
    const entry = at(state, this.#entry);
    const gone = (what: "value" | "key"): number[] =>
      put(state, [this.#entry, this.#entries.lose(entry, what).entry], [this.#entry + 1, 0], [this.#entry + 2, 0]);
    if (this.#entries.get(entry).value !== null) emit("the value is gone", gone("value"));
    if (this.#config.evicts) emit("Redis evicts the key", gone("key"));
  }

  #bust(state: State, { subject, write }: { subject: number; write: number }, emit: Emit): void {
    const entry = at(state, this.#entry);
    const timestamp = subject === 0 && this.#config.timestamps !== undefined;
    for (const mode of this.#config.modes ?? ["hard"]) {
      for (const blind of this.#config.blind ? [false, true] : [false]) {
        const ordinal = blind ? -1 : this.#version(subject, write);
        const step = this.#entries.bust(entry, { subject, ordinal, mode, timestamp, leaveFloor: true });
        const to = put(state, [this.#entry, step.entry], [acked + subject, max(write, at(state, acked + subject))]);
        if (mode === "hard") to[ackedHard + subject] = max(write, at(state, ackedHard + subject));
        if (!step.holds) to.fill(0, this.#entry + 1, this.#entry + 3);
        emit(`${mode} ${blind ? "blind " : ""}bust of ${names[subject]}${write}: ${step.outcome}`, to);
      }
    }
  }
}
