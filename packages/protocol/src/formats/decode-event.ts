import type { Decoded } from "../decoded.js";
import type { KafkaRecord } from "../record.js";
import type { SourceSpec } from "../source.js";
import { decodeCloudEvent } from "./cloudevents.js";
import { decodeDebezium } from "./debezium.js";
import { decodeJsonDocument } from "./json-document.js";
import { decodeOutbox } from "./outbox.js";
import { checkRecord } from "./record-bounds.js";

/** Decodes a record by the format of its topic's sources; a rules file whose sources of one topic differ in it is refused. */
export function decodeEvent(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
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
