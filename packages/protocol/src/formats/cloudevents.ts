import type { Decoded } from "../decoded.js";
import type { KafkaRecord } from "../record.js";
import type { SourceSpec } from "../source.js";
import { scanCloudEvent } from "./cloudevents-scan.js";
import { decodeWhole } from "./cloudevents-whole.js";

/**
 * CloudEvents 1.0 over Kafka, binary and structured mode (CloudEvents Kafka protocol binding 1.0). Structured events are
 * also taken under other content types, known by a top-level `specversion`: some SDKs send them as `application/json`.
 *
 * Decodes a record of a topic whose CloudEvents sources are these, in file order: the first that matches takes it. Most
 * events are read by a scan of their bytes. Give the same list of sources each time: what a scan learns is kept by the list.
 */
export function decodeCloudEvent(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  return scanCloudEvent(record, sources) ?? decodeWhole(record, sources);
}
