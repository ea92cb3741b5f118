import type { BustMode } from "../src/bust.js";
import type { EpochState } from "../src/decide-epoch.js";
import type { FillArguments, FillStep } from "../src/decide-fill.js";
import type { EntryState } from "../src/entry-state.js";
import type { Version } from "../src/version.js";
import { at, compareParts, exchange, put } from "./place.ts";
import type { Model, State } from "./search.ts";
import type { Steps } from "./steps.ts";

/** One entry under one epoch tag, whose state Redis may lose; loads that lag, or read the primary. */
export interface EpochModel {
  readonly steps: Steps;
  readonly writes: number;
  readonly readLagMs: number;
  readonly skewMs: number;
  readonly readers: number;
  readonly modes: readonly BustMode[];
  /** How often the tag's state may be lost. */
  readonly losses: number;
  /** The server that goes on after a loss has a clock this much behind. */
  readonly stepBackMs?: number;
  readonly primary?: boolean;
  /** The tick of each write, from the value that was there before: a `timestamp` space. */
  readonly timestamps?: readonly number[];
  /** The tag was made long ago, not by a step of the model. */
  readonly isOld?: boolean;
  /** Blind bumps too. */
  readonly blind?: boolean;
  /** Loads may also be stored by readers that do not name the tag, as before it was added to the family; those that do name it are judged. */
  readonly untagged?: boolean;
  /** Mutant: the generation is read when the load is done. */
  readonly readAtFill?: boolean;
}

const { max, min } = Math;

const baseUs = 1_000_000_000;
const tickUs = 1000;
const tag = "t";
const subject = "x/a";

/** Generations are kept relative to now, in microseconds, as positive numbers. 0: none. */
const nowCode = 30_000;

const written = 0;
const acked = 1;
const ackedHard = 2;
const losses = 3;
/** The data of the entry, one up; 0: no entry. */
const data = 4;
const held = 5;
const generation = 6;
const hardGeneration = 7;
const recorded = 8;
const recordedHard = 9;
const ages = 10;

/** Where a reader is. */
const leased = 1;
const loaded = 2;
const loadedPrimary = 3;

type Emit = (label: string, to: number[]) => void;

export function epochModel(config: EpochModel): Model {
  const world = new EpochWorld(config);
  return {
    initial: initial(config),
    next: (state, emit) => world.next(state, emit),
    broken: (state) => world.broken(state),
    canon: (state) => world.canon(state),
  };
}

function initial({ writes, readers, readLagMs, isOld }: EpochModel): State {
  const state = new Array<number>(ages + writes + 4 * readers).fill(0);
  return isOld ? put(state, [generation, nowCode - (readLagMs + 3) * tickUs], [hardGeneration, nowCode - (readLagMs + 3) * tickUs]) : state;
}

/** Layout of a state: the places above, the ages of the writes, and of each reader: stage, data, generation, age of it. */
class EpochWorld {
  readonly #config: EpochModel;
  readonly #lagTicks: number;
  readonly #readers: number;
  readonly #entry: EntryState;
  readonly #generations: readonly number[];
  readonly #versions: readonly (Version | null)[];

  constructor(config: EpochModel) {
    this.#config = config;
    this.#lagTicks = config.readLagMs;
    this.#readers = ages + config.writes;
    const lease = { token: "r", startUs: baseUs - 1, deadlineUs: baseUs + 1 };
    this.#entry = { ...config.steps.noEntry, lease };
    const ofReaders = Array.from({ length: config.readers }, (_, reader) => this.#readers + 4 * reader + 2);
    this.#generations = [held, generation, hardGeneration, ...ofReaders];
    this.#versions = Array.from({ length: config.writes + 1 }, (_, version) => config.steps.parseVersion(String(version)));
  }

  broken(state: State): string | null {
    const current = this.#epoch(state);
    if (at(state, data) === 0 || current === null) return null;
    const { epoch } = this.#config.steps.getEpoch(current, this.#clock());
    const generations = new Map(at(state, held) === 0 ? [] : [[tag, usOf(at(state, held))] as const]);
    const validity = this.#config.steps.validity(generations, new Map([[tag, epoch]]));
    if (validity === "miss") return null;
    const need = at(state, validity === "valid" ? acked : ackedHard);
    const has = at(state, data) - 1;
    return has < need
      ? `a ${validity} hit has ${has}, but the ${validity === "valid" ? "" : "hard "}bump of ${need} is acknowledged`
      : null;
  }

  next(state: State, emit: Emit): void {
    const { readers, writes } = this.#config;
    if (at(state, written) < writes) {
      const write = at(state, written) + 1;
      emit(`${write} is written`, put(state, [written, write], [ages + write - 1, 0]));
    }
    emit("tick", this.#tick(state));
    for (let reader = 0; reader < readers; reader++) this.#read(state, this.#readers + 4 * reader, emit);
    for (let write = 1; write <= at(state, written); write++) this.#bump(state, write, emit);
    if (at(state, generation) > 0 && at(state, losses) < this.#config.losses) this.#lose(state, emit);
    if (at(state, data) > 0) emit("the entry is gone", put(state, [data, 0], [held, 0]));
  }

  /** Generations matter by their order, and by their distance while that is below R; the microseconds within a tick by order. */
  canon(state: number[]): number[] {
    if (this.#config.readers === 2 && compareParts(state, this.#readers, 4) > 0) exchange(state, this.#readers, 4);
    const values: number[] = [];
    for (const place of this.#generations) {
      const value = at(state, place);
      if (value > 0 && !values.includes(value)) values.push(value);
    }
    values.sort((a, b) => a - b);
    const oldest = nowCode - (this.#lagTicks + 1) * tickUs;
    const renamed: number[] = [];
    for (const value of values) {
      const tick = value < oldest ? oldest - 2 * tickUs : value - (value % tickUs);
      renamed.push(value === tick ? value : max(tick, renamed.at(-1) ?? 0) + 4);
    }
    for (const place of this.#generations) state[place] = renamed[values.indexOf(at(state, place))] ?? 0;
    return state;
  }

  #clock(): { skewMs: number; nowUs: number } {
    return { skewMs: this.#config.skewMs, nowUs: baseUs };
  }

  #epoch(state: State): EpochState | null {
    if (at(state, generation) === 0) return null;
    const version = this.#versions[at(state, recorded) - 1] ?? null;
    const mode = at(state, recordedHard) ? "hard" : "soft";
    return {
      generation: usOf(at(state, generation)),
      hardGeneration: at(state, hardGeneration) === 0 ? 0 : usOf(at(state, hardGeneration)),
      records: version === null ? [] : [{ subject, version, mode }],
    };
  }

  #written(state: State, epoch: EpochState | null): number[] {
    if (epoch === null) return [...state];
    const [record] = epoch.records;
    return put(
      state,
      [generation, codeOf(epoch.generation)],
      [hardGeneration, epoch.hardGeneration === 0 ? 0 : codeOf(epoch.hardGeneration)],
      [recorded, record === undefined ? 0 : this.#versions.indexOf(record.version) + 1],
      [recordedHard, record?.mode === "hard" ? 1 : 0],
    );
  }

  #tick(state: State): number[] {
    const to = [...state];
    for (const place of this.#generations) to[place] = at(state, place) === 0 ? 0 : at(state, place) - tickUs;
    for (let write = 1; write <= at(state, written); write++) to[ages + write - 1] = min(at(state, ages + write - 1) + 1, this.#lagTicks);
    return to;
  }

  #read(state: State, place: number, emit: Emit): void {
    const name = `r${(place - this.#readers) / 4 + 1}`;
    const stage = at(state, place);
    if (stage === 0) {
      const to = this.#config.readAtFill ? [...state] : this.#get(state, place);
      emit(`${name} reads the epoch and leases`, put(to, [place, leased]));
      return;
    }
    if (stage === leased) {
      for (let seen = this.#seenByAll(state); seen <= at(state, written); seen++) {
        emit(`${name} loads ${seen}`, put(state, [place, loaded], [place + 1, seen]));
      }
      if (this.#config.primary) {
        emit(`${name} loads ${at(state, written)} from the primary`, put(state, [place, loadedPrimary], [place + 1, at(state, written)]));
      }
    } else {
      this.#fill(this.#config.readAtFill ? this.#get(state, place) : state, place, emit);
      if (this.#config.untagged) this.#fillUntagged(state, place, emit);
    }
    emit(`${name} dies`, put(state, [place, 0], [place + 1, 0], [place + 2, 0], [place + 3, 0]));
  }

  #get(state: State, place: number): number[] {
    const { epoch, write } = this.#config.steps.getEpoch(this.#epoch(state), this.#clock());
    const lagUs = this.#config.readLagMs * 1000;
    const age = epoch.ageUs >= lagUs ? 2 : epoch.ageUs > 0 ? 1 : 0;
    return put(this.#written(state, write), [place + 2, codeOf(epoch.generation)], [place + 3, age]);
  }

  #fillUntagged(state: State, place: number, emit: Emit): void {
    const step = this.#step(at(state, place), new Map());
    const to = put(state, [place, 0], [place + 1, 0], [place + 2, 0], [place + 3, 0]);
    const name = `r${(place - this.#readers) / 4 + 1}`;
    if (step.outcome === "filled") emit(`${name} fills without the tag: filled`, put(to, [data, at(state, place + 1) + 1], [held, 0]));
  }

  #step(stage: number, epochs: FillArguments["epochs"]): FillStep {
    const { readLagMs, steps } = this.#config;
    return steps.fill(this.#entry, {
      token: "r",
      deps: new Map(),
      epochs,
      primaryRead: stage === loadedPrimary,
      provisionalMs: null,
      freshMs: null,
      keepMs: 1,
      readLagMs,
      floorTtlMs: readLagMs + 1,
      nowUs: baseUs,
    });
  }

  #fill(state: State, place: number, emit: Emit): void {
    const lagUs = this.#config.readLagMs * 1000;
    const ageUs = [0, lagUs - 1, lagUs][at(state, place + 3)] ?? 0;
    const epoch = { generation: usOf(at(state, place + 2)), hardGeneration: 0, ageUs };
    const step = this.#step(at(state, place), new Map([[tag, epoch]]));
    const to = put(state, [place, 0], [place + 1, 0], [place + 2, 0], [place + 3, 0]);
    const name = `r${(place - this.#readers) / 4 + 1}`;
    if (step.outcome === "refused") emit(`${name} fills: ${step.reason}`, to);
    else emit(`${name} fills: filled`, put(to, [data, at(state, place + 1) + 1], [held, codeOf(step.write.epochs.get(tag) ?? 0)]));
  }

  #seenByAll(state: State): number {
    for (let write = at(state, written); write > 0; write--) if (at(state, ages + write - 1) >= this.#lagTicks) return write;
    return 0;
  }

  #bump(state: State, write: number, emit: Emit): void {
    const { steps, modes, timestamps, blind } = this.#config;
    const version = this.#versions[timestamps?.[write] ?? write] ?? null;
    for (const mode of modes) {
      for (const known of blind ? [version, null] : [version]) {
        const fact = { subject, version: known, spaceKind: timestamps ? "timestamp" : "counter", mode } as const;
        const step = steps.bumpEpoch(this.#epoch(state), fact, this.#clock());
        const to = put(this.#written(state, step.write), [acked, max(write, at(state, acked))]);
        if (mode === "hard") to[ackedHard] = max(write, at(state, ackedHard));
        emit(`${mode} ${known === null ? "blind " : ""}bump of ${write}: ${step.outcome}`, to);
      }
    }
  }

  /** A loss takes time, so the clock has moved on; but the server that goes on may have another clock. */
  #lose(state: State, emit: Emit): void {
    const none = [generation, hardGeneration, recorded, recordedHard].map((place) => [place, 0] as const);
    const lost = put(this.#tick(state), ...none, [losses, at(state, losses) + 1]);
    emit("Redis loses the epoch, tick", lost);
    for (let back = 1; back <= (this.#config.stepBackMs ?? 0); back++) {
      const to = [...lost];
      for (const place of this.#generations) to[place] = at(lost, place) === 0 ? 0 : at(lost, place) + back * tickUs;
      emit(`Redis loses the epoch, tick, its clock steps back by ${back}`, to);
    }
  }
}

function usOf(code: number): number {
  return code - nowCode + baseUs;
}

function codeOf(us: number): number {
  return us - baseUs + nowCode;
}
