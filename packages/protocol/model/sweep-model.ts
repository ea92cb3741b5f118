import type { IndexMember } from "../src/decide-tag.js";
import { EntrySteps } from "./entry-steps.ts";
import { at, chosen, compareParts, exchange, put } from "./place.ts";
import type { Model, State } from "./search.ts";
import type { Steps } from "./steps.ts";
import { SweepSteps } from "./sweep-steps.ts";

/**
 * Walks of an index with two members, by score and member, up to a bound, with a next list. Loads may be as old as they like and
 * floors never end; time exists in scores only: fills happen within C around the tag's clock.
 */
export interface SweepModel {
  readonly steps: Steps;
  /** Ticks the tag's clock goes. */
  readonly ticks: number;
  readonly skewMs: number;
  /** How far fill times are from the tag's clock, in ticks. */
  readonly offsets: readonly number[];
  /** The entry each reader fills. */
  readonly readers: readonly number[];
  readonly workers: number;
  readonly subjects: 1 | 2;
  readonly pageSize: number;
  /** What loads may return: 1 the first subject's write is in it, 2 the second's. */
  readonly loads: readonly number[];
  /** Mutants of the walk. */
  readonly byOffset?: boolean;
  readonly firstBound?: boolean;
}

const firstTick = 10;

const time = 0;
const tag = 1;
/** Subjects as bits: busted and not yet walked, on the list under way, walked to the end. */
const raised = 2;
const walked = 3;
const acked = 4;
const keptBound = 5;
/** Per entry: what lies there, its data, its score, the ticks at which it was filled before. */
const entries = 6;
const entrySize = 4;
/** Per reader: whether it has filled, and when. */
const readers = entries + 2 * entrySize;
const readerSize = 2;
/** Per worker: stage, page size, list, cursor; then entry, score and whether it is gone, of up to two members. */
const workerSize = 10;

const reading = 1;
const atFirst = 2;
const atSecond = 3;
const moving = 4;
const ending = 5;

type Emit = (label: string, to: number[]) => void;

export function sweepModel(config: SweepModel): Model {
  const world = new SweepWorld(config);
  return {
    initial: world.initial(),
    next: (state, emit) => world.next(state, emit),
    broken: (state) => world.broken(state),
    canon: (state) => world.canon(state),
  };
}

class SweepWorld {
  readonly #config: SweepModel;
  readonly #entries: EntrySteps;
  readonly #sweeps: SweepSteps;
  readonly #workers: number;

  constructor(config: SweepModel) {
    const bounds = { tickUs: 1000, leaseMs: 1, readLagMs: 0, floorMs: 1, provisionalMs: 1, keepMs: null };
    this.#config = config;
    this.#entries = new EntrySteps(config.steps, bounds);
    this.#sweeps = new SweepSteps(config.steps, config.skewMs);
    this.#workers = readers + readerSize * config.readers.length;
  }

  initial(): State {
    const state = new Array<number>(this.#workers + workerSize * this.#config.workers).fill(0);
    state[tag] = this.#sweeps.empty;
    for (const place of [entries, entries + entrySize]) state[place] = this.#entries.empty;
    return state;
  }

  broken(state: State): string | null {
    for (let entry = 0; entry < 2; entry++) {
      const place = entries + entrySize * entry;
      const isStale = (at(state, acked) & ~at(state, place + 1)) !== 0;
      if (isStale && this.#entries.found(at(state, place)) === "fresh")
        return `e${entry} is visible, older than a bust whose walk has ended`;
    }
    return null;
  }

  canon(state: number[]): number[] {
    if (this.#config.workers !== 2) return state;
    const order = compareParts(state, this.#workers, workerSize);
    if (order > 0) exchange(state, this.#workers, workerSize);
    state[tag] = chosen(order, at(state, tag), this.#sweeps.swap(at(state, tag)));
    return state;
  }

  next(state: State, emit: Emit): void {
    const { ticks, subjects, workers } = this.#config;
    // All is walked: the floors stand for good, so nothing new can go wrong.
    if (at(state, acked) === (1 << subjects) - 1) return;
    if (at(state, time) < ticks) emit("tick", put(state, [time, at(state, time) + 1]));
    this.#config.readers.forEach((_, reader) => {
      this.#read(state, reader, emit);
    });
    for (const place of [entries, entries + entrySize]) {
      if (this.#entries.get(at(state, place)).value !== null)
        emit(`e${(place - entries) / entrySize} is gone`, this.#emptied(state, place));
    }
    for (let subject = 0; subject < subjects; subject++) {
      const step = this.#sweeps.raise(at(state, tag), subject, (firstTick + at(state, time)) * 1000);
      if (step.outcome === "pending")
        emit(`bust of the tag, ${"ab"[subject]}`, put(state, [tag, step.tag], [raised, at(state, raised) | (1 << subject)]));
    }
    for (let worker = 0; worker < workers; worker++) this.#walk(state, worker, emit);
  }

  #emptied(state: State, place: number): number[] {
    return put(state, [place, this.#entries.lose(at(state, place), "value").entry], [place + 1, 0]);
  }

  #read(state: State, reader: number, emit: Emit): void {
    const entry = this.#config.readers[reader] ?? 0;
    const place = readers + readerSize * reader;
    if (at(state, place) === 0) {
      for (const offset of this.#config.offsets) for (const load of this.#config.loads) this.#fill(state, { reader, offset, load }, emit);
      return;
    }
    const at0 = entries + entrySize * entry;
    const held = at(state, at0);
    const { provisional } = this.#entries.get(held);
    const isOurs = provisional?.token === `r${reader + 1}`;
    // The data that this load returned; where another fill lies, it does not matter which.
    const load = at(state, at0 + 1);
    const { score, met } = this.#sweeps.add(at(state, tag), {
      old: at(state, at0 + 2),
      fillTimeUs: at(state, place + 1),
      deps: [load & 1, load >> 1],
    });
    const step = isOurs && met ? this.#entries.promote(held, reader) : this.#entries.drop(held, reader);
    const to = put(state, [at0, step.entry], [at0 + 2, score], [place, 0], [place + 1, 0]);
    if (!step.holds) to[at0 + 1] = 0;
    emit(`r${reader + 1} writes the index of e${entry} at ${score - firstTick * 1000} us: ${step.outcome}`, to);
    const dead = this.#entries.orphan(held, reader);
    const gone = put(state, [at0, dead.entry], [place, 0], [place + 1, 0]);
    if (!dead.holds) gone[at0 + 1] = 0;
    emit(`r${reader + 1} dies`, gone);
  }

  /** No entry is filled twice in one microsecond: the protocol's known limit. */
  #fill(state: State, { reader, offset, load }: { reader: number; offset: number; load: number }, emit: Emit): void {
    const entry = this.#config.readers[reader] ?? 0;
    const at0 = entries + entrySize * entry;
    const tick = firstTick + at(state, time) + offset;
    const used = 1 << (tick - firstTick + 2);
    if ((at(state, at0 + 3) & used) !== 0) return;
    const leased = this.#entries.grant(at(state, at0), reader);
    const step = this.#entries.fill(leased, { reader, deps: [load & 1, load >> 1], primary: true, provisional: true });
    if (step.outcome !== "filled") return;
    const place = readers + readerSize * reader;
    const to = put(state, [at0, step.entry], [at0 + 1, load], [at0 + 3, at(state, at0 + 3) | used], [place, 1], [place + 1, tick * 1000]);
    emit(`r${reader + 1} fills e${entry} with ${["old data", "a", "b", "a and b"][load]} at ${(tick - firstTick) * 1000} us`, to);
  }

  #walk(state: State, worker: number, emit: Emit): void {
    const place = this.#workers + workerSize * worker;
    const stage = at(state, place);
    if (stage === 0) this.#claim(state, worker, emit);
    if (stage === reading) this.#page(state, worker, emit);
    if (stage === atFirst || stage === atSecond) this.#bust(state, worker, emit);
    if (stage === moving) this.#move(state, worker, emit);
    if (stage === ending) this.#end(state, worker, emit);
    if (stage !== 0) emit(`w${worker + 1} crashes`, this.#stopped([...state], worker));
  }

  #stopped(state: number[], worker: number): number[] {
    const place = this.#workers + workerSize * worker;
    state.fill(0, place, place + workerSize);
    state[tag] = this.#sweeps.orphan(at(state, tag), worker);
    return state;
  }

  #claim(state: State, worker: number, emit: Emit): void {
    const place = this.#workers + workerSize * worker;
    const isNew = this.#sweeps.sweep(at(state, tag)) === null;
    const step = this.#sweeps.claim(at(state, tag), worker);
    if (step.outcome !== "claimed") return;
    const to = put(
      state,
      [tag, step.tag],
      [place, reading],
      [place + 1, this.#config.pageSize],
      [place + 2, step.list],
      [place + 3, step.cursor],
    );
    if (isNew) to.splice(raised, 2, 0, at(state, raised));
    if (this.#config.firstBound && at(state, keptBound) === 0) to[keptBound] = this.#sweeps.bound(step.list);
    emit(`w${worker + 1} claims the ${isNew ? "next list" : "orphan"}`, to);
  }

  #page(state: State, worker: number, emit: Emit): void {
    const place = this.#workers + workerSize * worker;
    const limit = at(state, place + 1);
    const cursor = this.#sweeps.cursor(at(state, place + 3));
    const bound = this.#config.firstBound ? at(state, keptBound) : this.#sweeps.bound(at(state, place + 2));
    const index = [0, 1]
      .map((entry): IndexMember => ({ key: `e${entry}`, score: at(state, entries + entrySize * entry + 2) }))
      .filter(({ score }) => score > 0 && score <= bound)
      .sort((a, b) => a.score - b.score || (a.key < b.key ? -1 : 1));
    const { byOffset, steps } = this.#config;
    const from = index.filter(({ score }) => cursor === null || score >= cursor.score).slice(0, limit);
    const page = byOffset ? pageByOffset(index, cursor?.score ?? 0) : steps.sweepPage(from, cursor, limit);
    const name = `w${worker + 1}`;
    if (page.kind === "end") emit(`${name} reads a page: the end`, put(state, [place, ending]));
    if (page.kind === "again") emit(`${name} reads a page: again`, put(state, [place + 1, 2 * limit]));
    if (page.kind !== "members") return;
    const members = page.members.flatMap(({ key, score }) => [key === "e0" ? 1 : 2, score, 0]);
    const to = put(state, [place, atFirst], [place + 1, this.#config.pageSize]);
    to.splice(place + 4, members.length, ...members);
    emit(`${name} reads a page: ${page.members.map(({ key }) => key).join(", ")}`, to);
  }

  #bust(state: State, worker: number, emit: Emit): void {
    const place = this.#workers + workerSize * worker;
    const member = place + (at(state, place) === atFirst ? 4 : 7);
    const at0 = entries + entrySize * (at(state, member) - 1);
    let held = at(state, at0);
    for (const busting of this.#sweeps.list(at(state, place + 2))) held = this.#entries.bust(held, busting).entry;
    const isGone = this.#entries.get(held).value === null;
    const isLast = at(state, place) === atSecond || at(state, place + 7) === 0;
    const to = put(state, [at0, held], [member + 2, isGone ? 1 : 0], [place, isLast ? moving : atSecond]);
    if (isGone) to[at0 + 1] = 0;
    emit(`w${worker + 1} busts e${at(state, member) - 1}: ${isGone ? "gone" : "stays"}`, to);
  }

  #move(state: State, worker: number, emit: Emit): void {
    const place = this.#workers + workerSize * worker;
    const last = at(state, place + 7) === 0 ? place + 4 : place + 7;
    const before = this.#sweeps.cursor(at(state, place + 3));
    const cursor = this.#config.byOffset
      ? { score: (before?.score ?? 0) + 1, member: "" }
      : { score: at(state, last + 1), member: `e${at(state, last) - 1}` };
    const step = this.#sweeps.move(at(state, tag), worker, cursor);
    const to = put(state, [tag, step.tag], [place, reading], [place + 3, this.#sweeps.cursorAt(cursor)]);
    for (let member = place + 4; member <= last; member += 3) {
      const score = entries + entrySize * (at(state, member) - 1) + 2;
      const isIn = at(state, member + 2) === 1 && at(state, score) > 0;
      if (isIn && this.#config.steps.indexRemove(at(state, score), at(state, member + 1))) to[score] = 0;
    }
    to.fill(0, place + 4, place + workerSize);
    emit(
      `w${worker + 1} takes what is gone off the index, moves on: ${step.outcome}`,
      step.outcome === "moved" ? to : this.#stopped(to, worker),
    );
  }

  #end(state: State, worker: number, emit: Emit): void {
    const step = this.#sweeps.end(at(state, tag), worker);
    const to = put(state, [tag, step.tag]);
    if (step.outcome !== "lost") {
      to[acked] = at(state, acked) | at(state, walked);
      to[walked] = 0;
    }
    emit(`w${worker + 1} ends the walk: ${step.outcome}`, this.#stopped(to, worker));
  }
}

function pageByOffset(
  index: readonly IndexMember[],
  offset: number,
): { kind: "members"; members: readonly IndexMember[] } | { kind: "end" } {
  const members = index.slice(offset, offset + 1);
  return members.length === 0 ? { kind: "end" } : { kind: "members", members };
}
