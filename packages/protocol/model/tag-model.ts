import { baseUs, EntrySteps } from "./entry-steps.ts";
import { at, chosen, compareParts, exchange, put } from "./place.ts";
import type { Model, State } from "./search.ts";
import {
  acked,
  ackedHard,
  ages,
  checked,
  data,
  entry,
  filled,
  fromPrimary,
  leased,
  loaded,
  mayPromote,
  mustDrop,
  names,
  raised,
  readerSize,
  score,
  scoreAge,
  type TagModel,
  tag,
  workerSize,
  written,
} from "./tag-layout.ts";
import { TagSteps } from "./tag-steps.ts";
import { TagWalk } from "./tag-walk.ts";

const { max, min } = Math;

type Emit = (label: string, to: number[]) => void;

export function tagModel(config: TagModel): Model {
  const world = new TagWorld(config);
  return {
    initial: world.initial(),
    next: (state, emit) => world.next(state, emit),
    broken: (state) => world.broken(state),
    canon: (state) => world.canon(state),
  };
}

class TagWorld {
  readonly #config: TagModel;
  readonly #entries: EntrySteps;
  readonly #tags: TagSteps;
  readonly #readers: number;
  readonly #workers: number;
  readonly #ageMax: number;
  readonly #walk: TagWalk;
  readonly #scores: readonly number[];

  constructor(config: TagModel) {
    const { steps, leaseMs, lagMs, skewMs, provisionalMs, keepMs, writes } = config;
    const readLagMs = lagMs + skewMs;
    const floorMs = leaseMs + readLagMs + provisionalMs;
    this.#config = config;
    this.#entries = new EntrySteps(steps, { tickUs: 1000, leaseMs, readLagMs, floorMs, provisionalMs, keepMs: keepMs ?? null });
    this.#tags = new TagSteps(steps, { floorMs, skewMs, readLagMs, primarySlackMs: config.primarySlackMs ?? skewMs, keepMs: keepMs ?? 0 });
    this.#readers = ages + writes[0] + writes[1];
    this.#workers = this.#readers + readerSize * config.readers;
    this.#walk = new TagWalk({ steps, entries: this.#entries, tags: this.#tags, first: this.#workers });
    this.#ageMax = floorMs + skewMs + 1 + (keepMs ?? 0);
    const ofReaders = Array.from({ length: config.readers }, (_, reader) => this.#readers + readerSize * reader + 5);
    const ofWorkers = Array.from({ length: config.workers }, (_, worker) => this.#workers + workerSize * worker + 2);
    this.#scores = [score, ...ofReaders, ...ofWorkers];
  }

  initial(): State {
    const state = new Array<number>(this.#workers + workerSize * this.#config.workers).fill(0);
    state[entry] = this.#entries.empty;
    state[tag] = this.#tags.empty;
    return state;
  }

  broken(state: State): string | null {
    const found = this.#entries.found(at(state, entry));
    if (found === "none") return null;
    for (let subject = 0; subject < 2; subject++) {
      const has = at(state, data + subject);
      const need = at(state, (found === "fresh" ? acked : ackedHard) + subject);
      if (has < need) return `a ${found} hit has ${names[subject]}${has}, but the walk for ${names[subject]}${need} has ended`;
    }
    return null;
  }

  /** Scores matter by their order alone; readers and workers that are alike are one. */
  canon(state: number[]): number[] {
    const { readers, workers } = this.#config;
    this.#rank(state);
    if (readers === 2) {
      const order = compareParts(state, this.#readers, readerSize);
      if (order > 0) exchange(state, this.#readers, readerSize);
      state[entry] = chosen(order, at(state, entry), this.#entries.swap(at(state, entry), 0, 1));
    }
    if (workers === 2) {
      const order = compareParts(state, this.#workers, workerSize);
      if (order > 0) exchange(state, this.#workers, workerSize);
      state[tag] = chosen(order, at(state, tag), this.#tags.swap(at(state, tag)));
    }
    return state;
  }

  #rank(state: number[]): void {
    const values: number[] = [];
    for (const place of this.#scores) {
      const value = at(state, place);
      if (value > 0 && !values.includes(value)) values.push(value);
    }
    values.sort((a, b) => a - b);
    // A score may rise by one without a new time, so ranks lie apart.
    for (const place of this.#scores) state[place] = 4 * (values.indexOf(at(state, place)) + 1);
  }

  next(state: State, emit: Emit): void {
    const { readers, workers, keepMs, calm } = this.#config;
    this.#write(state, emit);
    if (!this.#config.still) emit("tick", this.#tick(state));
    for (let reader = 0; reader < readers; reader++) this.#read(state, reader, emit);
    if (!calm && this.#entries.get(at(state, entry)).value !== null) {
      emit("the value is gone", put(state, [entry, this.#entries.lose(at(state, entry), "value").entry], [data, 0], [data + 1, 0]));
    }
    for (let subject = 0; subject < 2; subject++) {
      for (let write = 1; write <= at(state, written + subject); write++) this.#bust(state, { subject, write }, emit);
    }
    for (let worker = 0; worker < workers; worker++) this.#walk.next(state, worker, emit);
    // A score is the fill time by the entry's clock, read against the tag's clock.
    const isOld = at(state, scoreAge) - this.#config.ahead > this.#tags.trimAge(at(state, tag));
    if (keepMs !== undefined && at(state, score) > 0 && isOld) emit("the member is trimmed", put(state, [score, 0], [scoreAge, 0]));
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

  #tick(state: State): number[] {
    const { lagMs, readers, keepMs } = this.#config;
    const step = this.#entries.tick(at(state, entry));
    const to = put(state, [entry, step.entry], [tag, this.#tags.tick(at(state, tag)).tag]);
    for (let place = ages; place < this.#readers; place++) to[place] = min(at(state, place) + 1, lagMs);
    for (let subject = 0; subject < 2; subject++) {
      for (let write = at(state, written + subject) + 1; write <= (this.#config.writes[subject] ?? 0); write++)
        to[this.#age(subject, write)] = 0;
    }
    const older = (place: number): void => {
      to[place] = min(at(state, place) + 1, this.#ageMax);
    };
    for (let reader = 0; reader < readers; reader++) {
      const place = this.#readers + readerSize * reader;
      if (at(state, place) < filled) continue;
      older(place + 4);
      if (keepMs !== undefined && at(state, place + 5) > 0) older(place + 6);
    }
    if (keepMs !== undefined && at(state, score) > 0) older(scoreAge);
    return to;
  }

  #read(state: State, reader: number, emit: Emit): void {
    const place = this.#readers + readerSize * reader;
    const name = `r${reader + 1}`;
    const stage = at(state, place);
    if (stage === 0) {
      const step = this.#entries.lease(at(state, entry), reader);
      if (step.outcome === "leased" || step.outcome === "stale_leased")
        emit(`${name} leases`, put(state, [entry, step.entry], [place, leased]));
    }
    if (stage === leased) this.#load(state, place, emit);
    if (stage === loaded) this.#fill(state, reader, emit);
    if (stage === filled || stage === checked) this.#index(state, place, emit);
    if (stage === mayPromote) {
      const step = this.#entries.promote(at(state, entry), reader);
      emit(`${name} promotes: ${step.outcome}`, this.#ended(put(state, [entry, step.entry]), reader));
    }
    if (stage === mustDrop) {
      const step = this.#entries.drop(at(state, entry), reader);
      const to = put(state, [entry, step.entry]);
      if (!step.holds) to.fill(0, data, data + 2);
      emit(`${name} drops: ${step.outcome}`, this.#ended(to, reader));
    }
    if (stage !== 0 && !this.#config.calm) emit(`${name} dies`, this.#ended([...state], reader));
  }

  #ended(state: number[], reader: number): number[] {
    const place = this.#readers + readerSize * reader;
    state.fill(0, place, place + readerSize);
    const step = this.#entries.orphan(at(state, entry), reader);
    state[entry] = step.entry;
    if (!step.holds) state.fill(0, data, data + 2);
    return state;
  }

  #nameOf(place: number): string {
    return `r${(place - this.#readers) / readerSize + 1}`;
  }

  #seenByAll(state: State, subject: number): number {
    for (let write = at(state, written + subject); write > 0; write--) {
      if (at(state, this.#age(subject, write)) >= this.#config.lagMs) return write;
    }
    return 0;
  }

  #load(state: State, place: number, emit: Emit): void {
    const load = (a: number, b: number, report: number): void => {
      const deps = ["nothing", "a", "b", "a and b"][report & 3];
      const label = `${this.#nameOf(place)} loads a${a} b${b}${report & fromPrimary ? " from the primary" : ""}, reports ${deps}`;
      emit(label, put(state, [place, loaded], [place + 1, a], [place + 2, b], [place + 3, report]));
    };
    for (const report of this.#config.reports) {
      for (let a = this.#seenByAll(state, 0); a <= at(state, written); a++) {
        for (let b = this.#seenByAll(state, 1); b <= at(state, written + 1); b++) load(a, b, report);
      }
      if (this.#config.primary) load(at(state, written), at(state, written + 1), report | fromPrimary);
    }
  }

  #telling(state: State, place: number): { deps: readonly [number, number]; primary: boolean } {
    const report = at(state, place + 3);
    const deps = [report & 1 ? at(state, place + 1) : -1, report & 2 ? at(state, place + 2) : -1] as const;
    return { deps, primary: (report & fromPrimary) !== 0 };
  }

  #fill(state: State, reader: number, emit: Emit): void {
    const place = this.#readers + readerSize * reader;
    const step = this.#entries.fill(at(state, entry), { reader, provisional: true, ...this.#telling(state, place) });
    const label = `r${reader + 1} fills: ${step.outcome}`;
    const to = put(state, [entry, step.entry]);
    if (step.outcome !== "filled") {
      emit(label, this.#ended(to, reader));
      return;
    }
    const leaseAge = (baseUs - step.leaseStartUs) / 1000;
    const filling = put(to, [place, filled], [place + 4, leaseAge], [data, at(state, place + 1)], [data + 1, at(state, place + 2)]);
    let newest = 0;
    for (const score of this.#scores) newest = max(newest, at(state, score));
    emit(label, put(filling, [place + 5, newest + 4], [place + 6, 0]));
    // Or its clock stepped back, before the time of the fill that was indexed last.
    if (at(state, score) === 0 || at(state, scoreAge) > 0) return;
    const earlier = this.#config.sameMicrosecond ? at(state, score) : at(state, score) - 2;
    emit(`${label}, its clock is behind`, put(filling, [place + 5, earlier], [place + 6, at(state, scoreAge)]));
  }

  #index(state: State, place: number, emit: Emit): void {
    const stage = at(state, place);
    const old = at(state, score);
    const fillScore = at(state, place + 5);
    const step = this.#tags.add(at(state, tag), old === 0 ? null : old, fillScore);
    const scored = [score, step.score] as const;
    const aged = [scoreAge, fillScore > old ? at(state, place + 6) : at(state, scoreAge)] as const;
    const indexed = put(state, [tag, step.tag], scored, aged, [place + 5, 0], [place + 6, 0]);
    const name = this.#nameOf(place);
    if (stage === checked) {
      emit(`${name} writes the index`, put(indexed, [place, mayPromote]));
      return;
    }
    const { deps, primary } = this.#telling(state, place);
    const leaseAge = at(state, place + 4) - this.#config.ahead;
    const isMet = this.#tags.meets(at(state, tag), { deps, primary, leaseAge });
    const to = this.#config.floorsFirst ? [...state] : indexed;
    to.fill(0, place + 1, place + 5);
    to[place] = isMet ? (this.#config.floorsFirst ? checked : mayPromote) : mustDrop;
    const label = this.#config.floorsFirst ? "reads the tag's floors" : "writes the index, reads the tag's floors";
    emit(`${name} ${label}: ${isMet ? "met" : "not met"}`, to);
  }

  #bust(state: State, { subject, write }: { subject: number; write: number }, emit: Emit): void {
    for (const mode of this.#config.modes) {
      for (const blind of this.#config.blind ? [false, true] : [false]) {
        const step = this.#tags.raise(at(state, tag), { subject, ordinal: blind ? -1 : write, mode });
        const newest = max(write, at(state, raised + subject));
        const newestHard = mode === "hard" ? max(write, at(state, raised + 2 + subject)) : at(state, raised + 2 + subject);
        const listed = [[raised + subject, newest] as const, [raised + 2 + subject, newestHard] as const];
        const to = put(state, [tag, step.tag], ...(step.outcome === "pending" ? listed : []));
        emit(`${mode} ${blind ? "blind " : ""}bust of the tag, ${names[subject]}${write}: ${step.outcome}`, to);
      }
    }
  }
}
