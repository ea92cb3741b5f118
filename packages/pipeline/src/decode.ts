import { type Decoded, decodeEvent, type KafkaRecord, rejected } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";

/**
 * The first arrow: bytes to a `DomainEvent`, or a rejection, or a reason why there is nothing to do. Never throws for
 * what a record holds; nothing after it knows formats.
 */
export function decode(record: KafkaRecord, rules: CompiledRules): Decoded {
  if (record.undecodable !== undefined) {
    return rejected("undecodable", record.undecodable.problem, "Find the producer of this batch; see its offset range in the dead letter.");
  }
  return decodeEvent(record, rules.sourcesOf(record.topic));
}
