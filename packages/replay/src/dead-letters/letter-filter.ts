import { decode } from "@freshet/pipeline";
import type { DomainEvent } from "@freshet/protocol";
import type { CompiledRules, EventFilter } from "@freshet/rules";
import type { DeadLetter } from "./letter.js";

/** Which dead letters are wanted; `null`: any. */
export interface LetterChoice {
  readonly reason: string | null;
  /** `""` for those that failed before any rule. */
  readonly rule: string | null;
  /** Over the event as these rules decode it, not as the rules did under which it failed. */
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
  readonly accepts: (letter: DeadLetter) => boolean;
  readonly unanswered: () => Unanswered;
}

export function createLetterFilter({ reason, rule, where }: LetterChoice): LetterFilter {
  let noEvent = 0;
  let failed = 0;
  const holds = (letter: DeadLetter): boolean => {
    if (where === null) return true;
    const event = eventOf(letter, where.rules);
    if (event === null) {
      noEvent++;
      return false;
    }
    const answer = where.filter.ask(event);
    if (answer === "failed") failed++;
    return answer === "holds";
  };
  return {
    accepts: (letter) => (reason === null || letter.reason === reason) && (rule === null || letter.rule === rule) && holds(letter),
    unanswered: () => ({ noEvent, failed }),
  };
}

/** The event of a letter, decoded anew; `null` when these rules cannot, or have no source for it. */
export function eventOf({ record }: DeadLetter, rules: CompiledRules): DomainEvent | null {
  const decoded = decode(record, rules);
  return decoded.kind === "event" ? decoded.event : null;
}
