import type { DomainEvent } from "@freshet/protocol";
import { compile } from "./cel.js";
import { EvaluationFailure } from "./failure.js";
import { Scope } from "./scope.js";

/** A CEL expression that chooses events, with the variables of a `when`. */
export interface EventFilter {
  readonly text: string;
  /** `failed`: it cannot be evaluated for this event (a field that is not there, a result that is not a boolean). */
  readonly ask: (event: DomainEvent) => "holds" | "does_not" | "failed";
}

/** Why an expression is no filter, and at which of its characters; the first is 0. */
export interface EventFilterMistake {
  readonly problem: string;
  readonly fix: string;
  readonly offset: number;
}

/** Compiles a filter, type checked. Never throws. */
export function compileEventFilter(text: string): EventFilter | EventFilterMistake {
  const program = compile(text, { item: false });
  if ("problem" in program) return { problem: program.problem, fix: program.fix, offset: program.offset };
  if (program.type !== "bool" && program.type !== "dyn") {
    return { problem: `the expression gives ${program.type}, not true or false`, fix: "Compare it with something.", offset: 0 };
  }
  return {
    text,
    ask(event) {
      try {
        const answer = program.evaluate(new Scope(event));
        if (typeof answer !== "boolean") return "failed";
        return answer ? "holds" : "does_not";
      } catch (error) {
        if (error instanceof EvaluationFailure) return "failed";
        throw error;
      }
    },
  };
}
