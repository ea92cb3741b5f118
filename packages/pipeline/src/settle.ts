import type { KafkaPort } from "@freshet/kafka/port";
import type { BustOutcome, KafkaRecord, RecordOutcome } from "@freshet/protocol";
import { type DeadLetterContext, deadLetter } from "./dead-letter.js";
import type { Mapped } from "./map.js";
import type { Plan } from "./plan.js";

export interface SettleInput {
  readonly records: readonly KafkaRecord[];
  readonly mapped: readonly Mapped[];
  readonly plan: Plan;
  readonly outcomes: readonly BustOutcome[];
}

export interface SettlePorts {
  readonly kafka: Pick<KafkaPort, "produce">;
  readonly deadLetters: DeadLetterContext;
  /** RFC 3339, for the dead letters' headers. */
  readonly now: () => string;
}

/**
 * The last arrow: how each record ended. The only place that decides it, and it answers only once the broker has
 * acknowledged every dead letter: what it returns may be committed.
 *
 * @throws FreshetError from the broker; then no record has ended.
 */
export async function settle(input: SettleInput, ports: SettlePorts): Promise<readonly RecordOutcome[]> {
  const ended = input.mapped.map((mapped, at) => outcomeOf(mapped, input.plan.answers[at] ?? [], input.outcomes));
  const context = { ...ports.deadLetters, at: ports.now() };
  const letters = input.mapped.flatMap((mapped, at) => {
    const record = input.records[at];
    return mapped.kind === "rejected" && record !== undefined ? [deadLetter(record, mapped.rejection, context)] : [];
  });
  if (letters.length > 0) await ports.kafka.produce(letters);
  return ended;
}

function outcomeOf(mapped: Mapped, answers: readonly number[], outcomes: readonly BustOutcome[]): RecordOutcome {
  if (mapped.kind === "rejected") return "dead";
  if (mapped.kind !== "busts") return mapped.kind;
  return answers.every((at) => outcomes[at] === "covered") ? "covered" : "applied";
}
