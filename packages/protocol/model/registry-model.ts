import type { Holding, Mutant } from "./cases.ts";
import { at, put } from "./place.ts";
import type { Model, State } from "./search.ts";
import type { Steps } from "./steps.ts";
import { TagSteps } from "./tag-steps.ts";

/** The registry of tags to sweep: who busts puts the tag there before and after, who walks takes it off as it was seen. */
interface RegistryModel {
  readonly steps: Steps;
  /** Records that bust the tag, each with its own version of the first or the second subject. */
  readonly records: readonly { readonly subject: number; readonly ordinal: number }[];
  readonly workers: number;
  /** Mutants of the order of steps. */
  readonly registersOnce?: boolean;
  readonly forgetsAnyway?: boolean;
}

/** The tag, and its place in the registry: when it was put there last; 0: it is not there. */
const tag = 0;
const registered = 1;
const records = 2;

/** A record: not begun, tag registered, bust pending, ended. */
const pending = 2;
const ended = 3;

/** A worker: stage, and what it saw in the registry. */
const workerSize = 2;
const saw = 1;
const walking = 2;
const forgetting = 3;

type Emit = (label: string, to: number[]) => void;

function registryModel(config: RegistryModel): Model {
  const bounds = { floorMs: 1, skewMs: 1, readLagMs: 1, primarySlackMs: 1, keepMs: 0 };
  const world = new RegistryWorld(config, new TagSteps(config.steps, bounds));
  return {
    initial: world.initial(),
    next: (state, emit) => world.next(state, emit),
    broken: (state) => world.broken(state),
    canon: (state) => world.canon(state),
  };
}

class RegistryWorld {
  readonly #config: RegistryModel;
  readonly #tags: TagSteps;
  readonly #workers: number;

  constructor(config: RegistryModel, tags: TagSteps) {
    this.#config = config;
    this.#tags = tags;
    this.#workers = records + config.records.length;
  }

  initial(): State {
    const state = new Array<number>(this.#workers + workerSize * this.#config.workers).fill(0);
    state[tag] = this.#tags.empty;
    return state;
  }

  broken(state: State): string | null {
    const { sweep, next } = this.#tags.get(at(state, tag));
    const isDone = state.slice(records, this.#workers).every((stage) => stage === ended);
    const isQuiet = state.slice(this.#workers).every((part) => part === 0);
    const isLost = (sweep !== null || next.length > 0) && at(state, registered) === 0;
    return isDone && isQuiet && isLost ? "all records have ended, a walk is pending, and nobody will find it" : null;
  }

  /** Times in the registry matter by their order alone. */
  canon(state: number[]): number[] {
    const places = [registered, ...Array.from({ length: this.#config.workers }, (_, worker) => this.#workers + workerSize * worker + 1)];
    const values = [...new Set(places.map((place) => at(state, place)))].filter((value) => value > 0).sort((a, b) => a - b);
    for (const place of places) state[place] = values.indexOf(at(state, place)) + 1;
    return state;
  }

  next(state: State, emit: Emit): void {
    this.#config.records.forEach((_, record) => {
      this.#bust(state, record, emit);
    });
    for (let worker = 0; worker < this.#config.workers; worker++) this.#walk(state, worker, emit);
  }

  #register(state: State): readonly [number, number] {
    let newest = at(state, registered);
    for (let worker = 0; worker < this.#config.workers; worker++)
      newest = Math.max(newest, at(state, this.#workers + workerSize * worker + 1));
    return [registered, newest + 1];
  }

  #bust(state: State, record: number, emit: Emit): void {
    const place = records + record;
    const name = `record ${record + 1}`;
    const stage = at(state, place);
    const { subject, ordinal } = this.#config.records[record] ?? { subject: 0, ordinal: 1 };
    if (stage === 0) emit(`${name} registers the tag`, put(state, this.#register(state), [place, saw]));
    if (stage === saw) {
      const step = this.#tags.raise(at(state, tag), { subject, ordinal, mode: "hard" });
      const isOver = step.outcome === "covered" || this.#config.registersOnce;
      emit(`${name} busts the tag: ${step.outcome}`, put(state, [tag, step.tag], [place, isOver ? ended : pending]));
    }
    if (stage === pending) emit(`${name} registers the tag again`, put(state, this.#register(state), [place, ended]));
    if (stage === saw || stage === pending) emit(`${name} is handed over again after a crash`, put(state, [place, 0]));
  }

  #walk(state: State, worker: number, emit: Emit): void {
    const place = this.#workers + workerSize * worker;
    const name = `w${worker + 1}`;
    const stage = at(state, place);
    const seen = at(state, registered);
    if (stage === 0 && seen > 0) emit(`${name} sees the tag`, put(state, [place, saw], [place + 1, seen]));
    if (stage === saw) {
      const step = this.#tags.claim(at(state, tag), worker);
      const to = put(state, [tag, step.tag], [place, step.outcome === "claimed" ? walking : forgetting]);
      emit(`${name} claims: ${step.outcome}`, to);
    }
    if (stage === walking) {
      const step = this.#tags.end(at(state, tag), worker);
      const next = { ended: forgetting, more: saw, lost: 0 }[step.outcome] ?? 0;
      emit(
        `${name} ends the walk: ${step.outcome}`,
        put(state, [tag, step.tag], [place, next], [place + 1, next === 0 ? 0 : at(state, place + 1)]),
      );
    }
    if (stage === forgetting) {
      const isSame = seen === at(state, place + 1) || this.#config.forgetsAnyway;
      emit(`${name} forgets the tag: ${isSame}`, put(state, [place, 0], [place + 1, 0], [registered, isSame ? 0 : seen]));
    }
    if (stage !== 0) emit(`${name} crashes`, put(state, [tag, this.#tags.orphan(at(state, tag), worker)], [place, 0], [place + 1, 0]));
  }
}

const base = {
  records: [
    { subject: 0, ordinal: 1 },
    { subject: 1, ordinal: 1 },
  ],
  workers: 2,
} as const;

const registry =
  (change: Partial<RegistryModel>) =>
  (steps: Steps): Model =>
    registryModel({ ...base, ...change, steps });

const three = [...base.records, { subject: 0, ordinal: 2 }];

export const registryHoldings: readonly Holding[] = [
  { name: "registry of sweeps, two records, two workers", size: "small", model: registry({}) },
  { name: "registry of sweeps, three records, two workers", size: "small", model: registry({ records: three }) },
];

export const registryMutants: readonly Mutant[] = [
  { name: "a tag is registered before its bust only", edits: [], model: registry({ registersOnce: true }) },
  { name: "a tag is forgotten whatever was seen", edits: [], model: registry({ forgetsAnyway: true }) },
];
