import type { EntrySteps } from "./entry-steps.ts";
import { at, put } from "./place.ts";
import type { State } from "./search.ts";
import type { Steps } from "./steps.ts";
import { acked, atMember, busted, data, entry, passed, raised, score, tag, walked, walking, workerSize } from "./tag-layout.ts";
import type { TagSteps } from "./tag-steps.ts";

const { max } = Math;

type Emit = (label: string, to: number[]) => void;

/** What the workers do that walk the index of the tag, one member long. */
export class TagWalk {
  readonly #steps: Steps;
  readonly #entries: EntrySteps;
  readonly #tags: TagSteps;
  readonly #first: number;

  /** `first`: the place of the first worker. */
  constructor({ steps, entries, tags, first }: { steps: Steps; entries: EntrySteps; tags: TagSteps; first: number }) {
    this.#steps = steps;
    this.#entries = entries;
    this.#tags = tags;
    this.#first = first;
  }

  next(state: State, worker: number, emit: Emit): void {
    const place = this.#first + workerSize * worker;
    const name = `w${worker + 1}`;
    const stage = at(state, place);
    if (stage === 0) this.#claim(state, worker, emit);
    if (stage === walking && at(state, score) > 0)
      emit(`${name} reads the member`, put(state, [place, atMember], [place + 2, at(state, score)]));
    if (stage === walking && at(state, score) === 0) emit(`${name} finds no member`, put(state, [place, passed]));
    if (stage === atMember) this.#bustMember(state, place, emit);
    if (stage === busted) this.#move(state, worker, emit);
    if (stage === passed) this.#end(state, worker, emit);
    if (stage !== 0) emit(`${name} crashes`, this.#stopped([...state], worker));
  }

  #stopped(state: number[], worker: number): number[] {
    const place = this.#first + workerSize * worker;
    state.fill(0, place, place + workerSize);
    state[tag] = this.#tags.orphan(at(state, tag), worker);
    return state;
  }

  #claim(state: State, worker: number, emit: Emit): void {
    const place = this.#first + workerSize * worker;
    const isNew = this.#tags.get(at(state, tag)).sweep === null;
    const step = this.#tags.claim(at(state, tag), worker);
    if (step.outcome !== "claimed") return;
    const to = put(state, [tag, step.tag], [place, step.passed ? passed : walking], [place + 1, step.list]);
    for (let part = 0; isNew && part < 4; part++) {
      to[walked + part] = at(state, raised + part);
      to[raised + part] = 0;
    }
    emit(`w${worker + 1} claims the ${isNew ? "next list" : "orphan"}`, to);
  }

  #bustMember(state: State, place: number, emit: Emit): void {
    let held = at(state, entry);
    for (const busting of this.#tags.list(at(state, place + 1))) held = this.#entries.bust(held, busting).entry;
    const isGone = this.#entries.get(held).value === null;
    const to = put(state, [entry, held], [place, busted], [place + 3, isGone ? 1 : 0]);
    if (isGone) to.fill(0, data, data + 2);
    emit(`w${(place - this.#first) / workerSize + 1} busts the member: ${isGone ? "gone" : "stays"}`, to);
  }

  #move(state: State, worker: number, emit: Emit): void {
    const place = this.#first + workerSize * worker;
    const step = this.#tags.move(at(state, tag), worker);
    const current = at(state, score) === 0 ? null : at(state, score);
    const isRemoved = at(state, place + 3) === 1 && current !== null && this.#steps.indexRemove(current, at(state, place + 2));
    const to = put(state, [tag, step.tag], [place, passed], [place + 2, 0], [place + 3, 0]);
    if (isRemoved) to.fill(0, score, score + 2);
    const label = `w${worker + 1} takes the member off the index: ${isRemoved}, moves on: ${step.outcome}`;
    emit(label, step.outcome === "moved" ? to : this.#stopped(to, worker));
  }

  #end(state: State, worker: number, emit: Emit): void {
    const step = this.#tags.end(at(state, tag), worker);
    const to = put(state, [tag, step.tag]);
    if (step.outcome !== "lost") {
      for (let part = 0; part < 4; part++) {
        to[acked + part] = max(at(state, acked + part), at(state, walked + part));
        to[walked + part] = 0;
      }
    }
    emit(`w${worker + 1} ends the walk: ${step.outcome}`, this.#stopped(to, worker));
  }
}
