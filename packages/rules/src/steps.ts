import { limits } from "@freshet/protocol";
import type { ASTNode } from "@marcbachmann/cel-js";
import { EvaluationFailure } from "./failure.js";

/**
 * What the loops of an event's expressions may cost. A record is small next to what a loop within a loop makes of it, so
 * every part of an expression that loops pays each time for the size of what it comes to.
 */
export class Steps {
  #left: number = limits.stepsPerEventMax;

  /** @throws EvaluationFailure when there are none left, from then on each time. */
  spend(value: unknown): void {
    this.#left -= costOf(value);
    this.check();
  }

  /** The library goes on after some errors, so what it answers has to be asked for them again. */
  check(): void {
    if (this.#left < 0) throw TOO_MANY;
  }
}

/** One for all: a loop that is over is told so for each item that is left. */
const TOO_MANY = new EvaluationFailure(`its loops take more than ${limits.stepsPerEventMax} steps`);

/** In the time of a plain step, so many items of a list, members of a map, or characters are looked at. */
const ITEMS_PER_STEP = 8;
const CHARACTERS_PER_STEP = 64;

function costOf(value: unknown): number {
  if (typeof value === "string") return 1 + value.length / CHARACTERS_PER_STEP;
  if (Array.isArray(value)) return 1 + value.length / ITEMS_PER_STEP;
  return value instanceof Map ? 1 + value.size / ITEMS_PER_STEP : 1;
}

type Evaluate = (...given: unknown[]) => unknown;
interface Evaluated {
  evaluate: Evaluate;
}

/** Who pays: expressions are evaluated one after the other. */
let payer = new Steps();

/** Makes an expression pay that has a loop in it; others cannot cost more than their record is long. */
export function metered<Scope extends { readonly steps: Steps }>(
  root: ASTNode,
  evaluate: (scope: Scope) => unknown,
): (scope: Scope) => unknown {
  const nodes = evaluatedIn(root);
  if (![...nodes].some((node) => Reflect.get(node, "op") === "comprehension")) return evaluate;
  for (const node of nodes) charge(node);
  return (scope) => {
    payer = scope.steps;
    const value = evaluate(scope);
    payer.check();
    return value;
  };
}

/** What these come to was paid for where it was made: a list that a loop fills comes by at every turn. */
const PASSING_ON: ReadonlySet<string> = new Set(["?:", "accuPush", "accuValue", "accuInc"]);

/** The library puts a faster function in the place of `evaluate` at the first call: it is taken in, not over. */
function charge(node: Evaluated): void {
  let inner = node.evaluate;
  const passesOn = PASSING_ON.has(String(Reflect.get(node, "op")));
  const outer: Evaluate = (...given) => {
    const value: unknown = Reflect.apply(inner, node, given);
    payer.spend(passesOn ? null : value);
    return value;
  };
  const set = (next: Evaluate): void => {
    inner = next;
  };
  Object.defineProperty(node, "evaluate", { get: () => outer, set });
}

/** The nodes of an expression with what its macros became. */
function evaluatedIn(root: unknown): ReadonlySet<Evaluated> {
  const found = new Set<Evaluated>();
  const open: unknown[] = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (Array.isArray(at)) open.push(...at);
    else if (isEvaluated(at)) {
      if (found.has(at)) continue;
      found.add(at);
      const meta: unknown = Reflect.get(at, "meta");
      open.push(Reflect.get(at, "args"), ...partsOf(meta));
    } else open.push(...partsOf(at));
  }
  return found;
}

/** Where macros and comprehensions keep nodes. */
const PARTS = ["alternate", "macro", "iterable", "init", "step", "val", "exp", "args"];

function partsOf(value: unknown): unknown[] {
  return typeof value === "object" && value !== null ? PARTS.map((part) => Reflect.get(value, part)).filter((part) => part != null) : [];
}

function isEvaluated(value: unknown): value is Evaluated {
  return typeof value === "object" && value !== null && "op" in value && "evaluate" in value && typeof value.evaluate === "function";
}
