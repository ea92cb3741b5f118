import { type FramePort, FreshetError, type KafkaRecord } from "@freshet/protocol";
import { type CompiledRules, compileEventFilter, type EventFilter } from "@freshet/rules";
import { readDeadLetter } from "../dead-letters/letter.js";
import { createLetterFilter } from "../dead-letters/letter-filter.js";
import { decodeEachBy, type TakeDecoded } from "../decode-each.js";
import { type Patience, patiently } from "../run/patiently.js";
import type { Choose, Passed, Replayed } from "../run/replayed.js";
import type { Selection } from "./selection.js";

/** Whether a replay has resolved this dead letter before: another may lie at its place since. */
export type IsResolved = (partition: number, offset: number, writtenAtMs: number) => boolean;

export interface ChooseOptions {
  readonly selection: Selection;
  /** The rules that are replayed with; `where` sees events as they decode them. */
  readonly rules: CompiledRules;
  readonly isResolved: IsResolved;
  /** What reads values that name their schema, for `where`. */
  readonly frames?: FramePort | undefined;
  /** How a registry that is away is waited for. */
  readonly patience: Patience;
}

/**
 * What of the records of a topic a replay takes. A dead letter becomes the record it was, on the topic it came from; what else its
 * headers say chooses whether it is taken, and never what is done with it.
 *
 * @throws FreshetError `usage` when `where` is no expression.
 */
export function createChoose(options: ChooseOptions): Choose {
  const { selection, rules, frames, patience } = options;
  const pick = selection.kind === "history" ? pickHistory(selection, options) : pickLetters(selection, options);
  if (selection.where === null) return async (records) => records.map(pick);
  const filter = compileWhere(selection.where);
  const decodeEach = decodeEachBy(rules, frames);
  return async (records) => {
    const picked = records.map(pick);
    const asked = picked.flatMap((item) => (typeof item === "string" ? [] : [item]));
    const answers: (Replayed | Passed)[] = [];
    const take: TakeDecoded = (decoded, at) => {
      const answer = decoded.kind === "event" ? filter.ask(decoded.event) : "noEvent";
      answers[at] = answer === "holds" ? (asked[at] ?? "unwanted") : PASSED_AS[answer];
    };
    const originals = asked.map(({ record }) => record);
    await patiently(() => decodeEach(originals, take), patience);
    let at = 0;
    return picked.map((item) => (typeof item === "string" ? item : (answers[at++] ?? "unwanted")));
  };
}

/** @throws FreshetError FR1001 (`usage`) with the place of the mistake. */
export function compileWhere(text: string): EventFilter {
  const compiled = compileEventFilter(text);
  if ("ask" in compiled) return compiled;
  throw new FreshetError("FR1001", "usage", `--where, at character ${compiled.offset + 1}: ${compiled.problem}`, compiled.fix);
}

/** What `where` made of a record that it does not choose. */
const PASSED_AS = { does_not: "unwanted", failed: "notEvaluated", noEvent: "noEvent" } as const;

/** What is chosen by all that needs no event. */
type Pick = (record: KafkaRecord) => Replayed | Passed;

function pickHistory(selection: Selection & { kind: "history" }, { rules }: ChooseOptions): Pick {
  const [fromMs, toMs] = [Date.parse(selection.from), Date.parse(selection.to)];
  const isDeclared = rules.sourcesOf(selection.topic).length > 0;
  return (record) => {
    const { offset, timestampMs: timeMs } = record;
    return timeMs < fromMs || timeMs >= toMs ? "unwanted" : { record, offset, timeMs, letterId: null, isDeclared };
  };
}

function pickLetters(selection: Selection & { kind: "dlq" }, { rules, isResolved }: ChooseOptions): Pick {
  const sinceMs = selection.since === null ? Number.NEGATIVE_INFINITY : Date.parse(selection.since);
  const untilMs = selection.until === null ? Number.POSITIVE_INFINITY : Date.parse(selection.until);
  const { reason, rule } = selection;
  const { accepts } = createLetterFilter({ reason, rule, where: null });
  return (read) => {
    const { partition, offset, timestampMs: timeMs } = read;
    if (timeMs < sinceMs || timeMs >= untilMs) return "unwanted";
    const isBefore = !selection.resolved && isResolved(partition, offset, timeMs);
    if (isBefore && reason === null && rule === null) return "resolved"; // there may be very many, and nothing else is asked of them
    const letter = readDeadLetter(read);
    if (!accepts(letter)) return "unwanted";
    if (isBefore) return "resolved";
    const isDeclared = letter.source !== null && rules.sourcesOf(letter.record.topic).length > 0;
    return { record: letter.record, offset, timeMs, letterId: letter.id, isDeclared };
  };
}
