import { Reached } from "./reached.ts";

/** A state is a short list of small integers, so that millions of them fit in memory. */
export type State = readonly number[];

export interface Model {
  readonly initial: State;
  /** Gives every state that one step leads to, with what the step is called. */
  next(state: State, emit: (label: string, to: number[]) => void): void;
  /** What is wrong with a state, or `null`. */
  broken(state: State): string | null;
  /** One state of those that differ only by names (equal readers) or by values whose order alone matters. */
  canon?(state: number[]): number[];
}

export interface Verdict {
  readonly verdict: "holds" | "fails" | "cut";
  readonly states: number;
  readonly steps: number;
  readonly seconds: number;
  /** With `fails`: what is wrong, and the shortest way there. */
  readonly why: string;
  readonly trace: readonly string[];
}

export interface Limits {
  readonly maxStates: number;
  readonly maxSeconds: number;
}

/** Breadth-first search through all states of a model, up to the limits. The first broken state found is one of the nearest. */
export function search(model: Model, { maxStates, maxSeconds }: Limits): Verdict {
  const startedAt = performance.now();
  const canon = (state: number[]): number[] => model.canon?.(state) ?? state;
  const reached = new Reached(model.initial.length);
  let steps = 0;
  let wrong: Wrong | null = null;
  const end = (verdict: Verdict["verdict"]): Verdict => ({
    verdict,
    states: reached.size,
    steps,
    seconds: (performance.now() - startedAt) / 1000,
    why: wrong?.why ?? "",
    trace: wrong === null ? [] : traceTo(model, reached, wrong),
  });
  reached.add(canon([...model.initial]), -1);
  for (let at = 0; at < reached.size; at++) {
    model.next(reached.state(at), (_label, to) => {
      steps++;
      const state = canon(to);
      if (wrong !== null || !reached.add(state, at)) return;
      const why = model.broken(state);
      if (why !== null) wrong = { why, parent: at, state };
    });
    if (wrong !== null) return end("fails");
    const isLate = (at & 1023) === 0 && performance.now() - startedAt > maxSeconds * 1000;
    if (reached.size > maxStates || isLate) return end("cut");
  }
  return end("holds");
}

interface Wrong {
  readonly why: string;
  readonly parent: number;
  readonly state: State;
}

/** Walks the way once more, without renaming, so that a reader keeps its name from the first step to the last. */
function traceTo(model: Model, reached: Reached, wrong: Wrong): readonly string[] {
  const path: State[] = [wrong.state];
  for (let at = wrong.parent; at > 0; at = reached.parent(at)) path.push(reached.state(at));
  const labels: string[] = [];
  let state: State = model.initial;
  for (const want of path.reverse()) {
    const found: { label: string; to: number[] }[] = [];
    model.next(state, (label, to) => {
      if (found.length === 0 && isSame(model.canon?.([...to]) ?? to, want)) found.push({ label, to });
    });
    const [step] = found;
    if (step === undefined) throw new Error(`the trace is lost after: ${labels.join("; ")}`);
    labels.push(step.label);
    state = step.to;
  }
  return labels;
}

function isSame(one: State, other: State): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at]);
}
