import type { Decoded } from "../decoded.js";
import type { KafkaRecord } from "../record.js";
import type { SourceSpec } from "../source.js";
import { decodeCloudEvent } from "./cloudevents.js";
import { decodeDebezium } from "./debezium.js";
import { decodeJsonDocument } from "./json-document.js";
import { decodeOutbox } from "./outbox.js";
import { checkRecord } from "./record-bounds.js";
import { nobodyTrusts } from "./taker.js";

/**
 * Decodes a record by the format of its topic's sources; a rules file whose sources of one topic differ in it is refused. The
 * first source that takes its type reads it, and keeps it if it is trusted with its tenant; else the ones behind are asked.
 */
export function decodeEvent(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const decoded = decodeAs(record, sources);
  if (decoded.kind !== "event" || isTrusted(decoded)) return decoded;
  const behind = sourcesBehind(decoded.source, sources);
  const other = behind.length === 0 ? decoded : decodeEvent(record, behind);
  return other === decoded || other.kind === "no_match" ? nobodyTrusts(sources) : other;
}

function isTrusted({ event, source }: Decoded & { readonly kind: "event" }): boolean {
  return source.matchesTenant === undefined || source.matchesTenant(event.tenant);
}

/** The same list each time: what a scan learns is kept by the list. */
const lists = new WeakMap<SourceSpec, readonly SourceSpec[]>();

function sourcesBehind(source: SourceSpec, sources: readonly SourceSpec[]): readonly SourceSpec[] {
  const known = lists.get(source) ?? sources.slice(sources.indexOf(source) + 1);
  lists.set(source, known);
  return known;
}

function decodeAs(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const format = sources[0]?.format ?? "cloudevents";
  if (format === "cloudevents") return decodeCloudEvent(record, sources);
  const excess = checkRecord(record, record.headers);
  if (excess !== null) return excess;
  switch (format) {
    case "debezium":
      return decodeDebezium(record, sources);
    case "outbox":
      return decodeOutbox(record, sources);
    case "json":
      return decodeJsonDocument(record, sources);
  }
}
