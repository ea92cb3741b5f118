import { decode } from "@freshet/pipeline";
import { FreshetError } from "@freshet/protocol";
import { type CompiledRules, compileEventFilter, type EventFilter } from "@freshet/rules";
import { readDeadLetter } from "../dead-letters/letter.js";
import { createLetterFilter } from "../dead-letters/letter-filter.js";
import type { Choose } from "../run/replayed.js";
import type { Selection } from "./selection.js";

export interface ChooseOptions {
  readonly selection: Selection;
  /** The rules that are replayed with; `where` sees events as they decode them. */
  readonly rules: CompiledRules;
  /** Whether a replay has resolved this dead letter before. */
  readonly isResolved: (partition: number, offset: number) => boolean;
}

/**
 * What of the records of a topic a replay takes. A dead letter becomes the record it was, on the topic it came from; what else its
 * headers say chooses whether it is taken, and never what is done with it.
 *
 * @throws FreshetError `usage` when `where` is no expression.
 */
export function createChoose(options: ChooseOptions): Choose {
  const { selection } = options;
  const filter = selection.where === null ? null : compileWhere(selection.where);
  return selection.kind === "history" ? chooseHistory(selection, { ...options, filter }) : chooseLetters(selection, { ...options, filter });
}

interface Chosen extends ChooseOptions {
  readonly filter: EventFilter | null;
}

/** @throws FreshetError FR1001 (`usage`) with the place of the mistake. */
export function compileWhere(text: string): EventFilter {
  const compiled = compileEventFilter(text);
  if ("ask" in compiled) return compiled;
  throw new FreshetError("FR1001", "usage", `--where, at character ${compiled.offset + 1}: ${compiled.problem}`, compiled.fix);
}

function chooseHistory(selection: Selection & { kind: "history" }, { filter, rules }: Chosen): Choose {
  const [fromMs, toMs] = [Date.parse(selection.from), Date.parse(selection.to)];
  const isDeclared = rules.sourcesOf(selection.topic).length > 0;
  return (record) => {
    const { offset, timestampMs: timeMs } = record;
    if (timeMs < fromMs || timeMs >= toMs) return null;
    if (filter !== null) {
      const decoded = decode(record, rules);
      if (decoded.kind !== "event" || filter.ask(decoded.event) !== "holds") return null;
    }
    return { record, offset, timeMs, letterId: null, isDeclared };
  };
}

function chooseLetters(selection: Selection & { kind: "dlq" }, { filter, rules, isResolved }: Chosen): Choose {
  const sinceMs = selection.since === null ? Number.NEGATIVE_INFINITY : Date.parse(selection.since);
  const untilMs = selection.until === null ? Number.POSITIVE_INFINITY : Date.parse(selection.until);
  const { reason, rule } = selection;
  const { accepts } = createLetterFilter({ reason, rule, where: filter === null ? null : { filter, rules } });
  return (read) => {
    const { partition, offset, timestampMs: timeMs } = read;
    if (timeMs < sinceMs || timeMs >= untilMs || (!selection.resolved && isResolved(partition, offset))) return null;
    const letter = readDeadLetter(read);
    if (!accepts(letter)) return null;
    const isDeclared = letter.source !== null && rules.sourcesOf(letter.record.topic).length > 0;
    return { record: letter.record, offset, timeMs, letterId: letter.id, isDeclared };
  };
}
