import type { Decoded } from "@freshet/protocol";
import type { CompiledRules, EventFilter } from "@freshet/rules";
import type { DeadLetter } from "./letter.js";

/** Which dead letters are wanted; `null`: any. */
export interface LetterChoice {
  readonly reason: string | null;
  /** `""` for those that failed before any rule. */
  readonly rule: string | null;
  /** Over the event as these rules decode it, not as those did under which it failed. */
  readonly where: { readonly filter: EventFilter; readonly rules: CompiledRules } | null;
}

/** Why `where` had no answer for a letter, which then is not wanted. */
export interface Unanswered {
  /** The letter holds no event that the rules can decode. */
  readonly noEvent: number;
  /** The expression could not be evaluated for its event: a field that is not there, say. */
  readonly failed: number;
}

/** A choice at work; it counts what it could not answer. */
export interface LetterFilter {
  /** `decoded` is the letter's record, decoded: who asks with `where` gives it, for it may take looking up a schema. */
  readonly accepts: (letter: DeadLetter, decoded?: Decoded) => boolean;
  readonly unanswered: () => Unanswered;
}

export function createLetterFilter({ reason, rule, where }: LetterChoice): LetterFilter {
  let noEvent = 0;
  let failed = 0;
  const holds = (decoded: Decoded | undefined): boolean => {
    if (where === null) return true;
    if (decoded?.kind !== "event") {
      noEvent++;
      return false;
    }
    const answer = where.filter.ask(decoded.event);
    if (answer === "failed") failed++;
    return answer === "holds";
  };
  return {
    accepts: (letter, decoded) =>
      (reason === null || letter.reason === reason) && (rule === null || letter.rule === rule) && holds(decoded),
    unanswered: () => ({ noEvent, failed }),
  };
}
