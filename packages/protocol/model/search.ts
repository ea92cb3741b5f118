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

/** Taken once: inside a test runner's sandbox each use of a global is a slow look-up. */
const { fromCharCode } = String;

/** Values are -1 and up; a character each. */
function keyOf(state: State): string {
  let key = "";
  for (const value of state) key += fromCharCode(value + 1);
  return key;
}

function stateOf(key: string): number[] {
  const state: number[] = [];
  for (let at = 0; at < key.length; at++) state.push(key.charCodeAt(at) - 1);
  return state;
}

/** What was reached, in the order in which it was, and from where. */
class Reached {
  readonly keys: string[] = [];
  readonly parents: number[] = [];
  readonly #seen = new Set<string>();

  add(key: string, parent: number): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    this.keys.push(key);
    this.parents.push(parent);
    return true;
  }
}

/** Breadth-first search through all states of a model, up to the limits. The first broken state found is one of the nearest. */
export function search(model: Model, { maxStates, maxSeconds }: Limits): Verdict {
  const startedAt = performance.now();
  const canon = (state: number[]): number[] => model.canon?.(state) ?? state;
  const reached = new Reached();
  let steps = 0;
  let wrong: { why: string; label: string; parent: number; key: string } | null = null;
  const end = (verdict: Verdict["verdict"]): Verdict => ({
    verdict,
    states: reached.keys.length,
    steps,
    seconds: (performance.now() - startedAt) / 1000,
    why: wrong?.why ?? "",
    trace: wrong === null ? [] : traceTo(model, reached, wrong),
  });
  reached.add(keyOf(canon([...model.initial])), -1);
  for (let at = 0; at < reached.keys.length; at++) {
    model.next(stateOf(reached.keys[at] ?? ""), (label, to) => {
      steps++;
      const state = canon(to);
      const key = keyOf(state);
      if (wrong !== null || !reached.add(key, at)) return;
      const why = model.broken(state);
      if (why !== null) wrong = { why, label, parent: at, key };
    });
    if (wrong !== null) return end("fails");
    const isLate = (at & 1023) === 0 && performance.now() - startedAt > maxSeconds * 1000;
    if (reached.keys.length > maxStates || isLate) return end("cut");
  }
  return end("holds");
}

/** Walks the way once more, without renaming, so that a reader keeps its name from the first step to the last. */
function traceTo(model: Model, reached: Reached, wrong: { parent: number; key: string }): readonly string[] {
  const path = [wrong.key];
  for (let at = wrong.parent; at > 0; at = reached.parents[at] ?? 0) path.push(reached.keys[at] ?? "");
  const labels: string[] = [];
  let state: State = model.initial;
  for (const want of path.reverse()) {
    const found: { label: string; to: number[] }[] = [];
    model.next(state, (label, to) => {
      if (found.length === 0 && keyOf(model.canon?.([...to]) ?? to) === want) found.push({ label, to });
    });
    const [step] = found;
    if (step === undefined) throw new Error(`the trace is lost after: ${labels.join("; ")}`);
    labels.push(step.label);
    state = step.to;
  }
  return labels;
}
