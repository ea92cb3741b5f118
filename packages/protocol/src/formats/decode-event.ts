import type { Decoded } from "../decoded.js";
import type { KafkaRecord } from "../record.js";
import type { SourceSpec } from "../source.js";
import { decodeCloudEvent } from "./cloudevents.js";
import { decodeDebezium } from "./debezium.js";
import { decodeJsonDocument } from "./json-document.js";
import { decodeOutbox } from "./outbox.js";

/** Decodes a record by the format of its topic's sources; a rules file whose sources of one topic differ in it is refused. */
export function decodeEvent(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  switch (sources[0]?.format) {
    case "debezium":
      return decodeDebezium(record, sources);
    case "outbox":
      return decodeOutbox(record, sources);
    case "json":
      return decodeJsonDocument(record, sources);
    default:
      return decodeCloudEvent(record, sources);
  }
}
