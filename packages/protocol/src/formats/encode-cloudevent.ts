import type { RecordHeader } from "../record.js";

/** A CloudEvent 1.0 as a producer knows it. Texts must be non-empty. */
export interface CloudEventText {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** Canonical decimal; `null` for a source without versions. */
  readonly version: string | null;
  /** RFC 3339; the commit time of the change. */
  readonly time: string;
  /** JSON text of the data. Never absent: to who compacts a topic, a record without a value is a tombstone. */
  readonly data: string;
}

/** A CloudEvent in binary mode: what `decodeCloudEvent` reads. The subject is the record key, which keeps its events in order. */
export function encodeCloudEvent(event: CloudEventText): {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly headers: readonly RecordHeader[];
} {
  const attributes: readonly (readonly [string, string])[] = [
    ["ce_specversion", "1.0"],
    ["ce_id", event.id],
    ["ce_source", event.source],
    ["ce_type", event.type],
    ["ce_subject", event.subject],
    ["ce_time", event.time],
    ...(event.version === null ? [] : [["ce_freshetversion", event.version] as const]),
    ["content-type", "application/json"],
  ];
  const encoder = new TextEncoder();
  return {
    key: encoder.encode(event.subject),
    value: encoder.encode(event.data),
    headers: attributes.map(([name, value]) => ({ name, value: encoder.encode(value) })),
  };
}
