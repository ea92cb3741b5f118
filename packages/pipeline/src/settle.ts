import type { KafkaPort, ProduceRecord } from "@freshet/kafka/port";
import type { KafkaRecord, RecordOutcome } from "@freshet/protocol";
import type { Applied } from "./apply.js";
import { type DeadLetterContext, deadLetter } from "./dead-letter.js";
import type { Mapped } from "./map.js";
import type { Plan } from "./plan.js";

export interface SettleInput {
  readonly records: readonly KafkaRecord[];
  readonly mapped: readonly Mapped[];
  readonly plan: Plan;
  readonly applied: Applied;
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
  const ended = input.mapped.map((mapped, at) => outcomeOf(mapped, input.plan.answers[at] ?? [], input.applied));
  const context = { ...ports.deadLetters, at: ports.now() };
  const letters: ProduceRecord[] = [];
  for (let at = 0; at < input.mapped.length; at++) {
    const mapped = input.mapped[at];
    const record = input.records[at];
    if (mapped?.kind === "rejected" && record !== undefined) letters.push(deadLetter(record, mapped.rejection, context));
  }
  if (letters.length > 0) await ports.kafka.produce(letters);
  return ended;
}

/** `covered` when none of its targets had to change. A tag that waits for its walk counts as applied: its floor stands. */
function outcomeOf(mapped: Mapped, answers: readonly number[], { outcomes, tagOutcomes }: Applied): RecordOutcome {
  if (mapped.kind === "rejected") return "dead";
  if (mapped.kind !== "busts") return mapped.kind;
  for (const at of answers) if ((at >= 0 ? outcomes[at] : tagOutcomes[~at]) !== "covered") return "applied";
  return "covered";
}
