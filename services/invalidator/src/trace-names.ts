import type { SliceStep } from "@freshet/pipeline";
import type { RecordOutcome } from "@freshet/protocol";

/**
 * Every name that spans carry, and nowhere else: those of OpenTelemetry's semantic conventions for messaging, version 1.45 (still in
 * development, so they may change), and Freshet's own.
 */
export const attributes = {
  system: "messaging.system.name",
  operationName: "messaging.operation.name",
  operationType: "messaging.operation.type",
  topic: "messaging.destination.name",
  partition: "messaging.destination.partition.id",
  group: "messaging.consumer.group.name",
  records: "messaging.batch.message_count",
  /** Of one record: on the span of a slice of one, and on each link. */
  offset: "kafka.offset",
  errorType: "error.type",
  firstOffset: "freshet.offset.first",
  lastOffset: "freshet.offset.last",
  rulesHash: "freshet.rules_hash",
  mode: "freshet.mode",
  /** Names of the rules that asked for something. */
  rules: "freshet.rules",
  /** How many busts of keys, and of tags, were sent. */
  keys: "freshet.keys",
  tags: "freshet.tags",
} as const;

/** How many records ended so; only outcomes that there were. */
export function outcomeAttribute(outcome: RecordOutcome): string {
  return `freshet.outcome.${outcome}`;
}

/** What conventions up to 1.44 called the same, as instrumentations of clients still do: written too where both are asked for. */
export const olderNames: Readonly<Record<string, string>> = {
  [attributes.system]: "messaging.system",
  [attributes.offset]: "messaging.kafka.offset",
};

export const PROCESS = "process";
export const KAFKA = "kafka";
export const TRACER = "freshet-invalidator";

/** The span of a slice. */
export function processSpan(topic: string): string {
  return `${PROCESS} ${topic}`;
}

/** The spans inside it. */
export function stepSpan(step: SliceStep): string {
  return `freshet.${step}`;
}

/** Where producers say which trace a record belongs to, first the one of its creation: a CloudEvents attribute, and W3C's header. */
export const traceHeaders = ["ce_traceparent", "traceparent"] as const;
