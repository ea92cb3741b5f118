import { senderOfCanary } from "../canary.js";
import { type Decoded, rejected } from "../decoded.js";
import type { JsonObject, JsonValue } from "../event.js";
import { followPointer, isJsonObject } from "../json.js";
import { headerText, type KafkaRecord } from "../record.js";
import type { SourceSpec } from "../source.js";
import { type Attributes, type Envelope, isEventWithoutData, type Required, readEnvelope, readRequired } from "./cloudevents-envelope.js";
import { present, readVersion } from "./cloudevents-version.js";
import { checkRecord } from "./record-bounds.js";
import { RecordEvent, type RecordEventParts } from "./record-event.js";
import { checkSubject } from "./subject.js";
import { nobodyTakes } from "./taker.js";

const NO_DATA: JsonObject = Object.freeze({});
const NO_BYTES = new Uint8Array();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes by a parse of the whole event: the reference for the scan, and what takes everything unusual and every rejection. */
export function decodeWhole(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const { value } = record;
  const excess = checkRecord(record, record.headers);
  if (excess !== null) return excess;
  if (value === null && !isEventWithoutData(record)) return decodeTombstone(record, sources);
  const read = readEnvelope(record, value ?? NO_BYTES);
  if (read.kind === "rejected") return read;
  const required = readRequired(read.envelope.attributes);
  if ("kind" in required) return required;
  const source = sources.find((candidate) => candidate.matchesType(required.type));
  if (source !== undefined) return toEvent(record, read.envelope, { ...required, source });
  return nobodyTakes(sources);
}

function toEvent(record: KafkaRecord, envelope: Envelope, from: Required & { readonly source: SourceSpec }): Decoded {
  const { type, subject, source } = from;
  const badSubject = checkSubject(subject, source);
  if (badSubject !== null) return badSubject;
  const data = envelope.data ?? NO_DATA;
  if (!isJsonObject(data)) return rejected("schema_invalid", "the data is not a JSON object", "Send an object as data, or no data.");
  const previous = source.previous === null ? undefined : followPointer(data, source.previous);
  if (previous !== undefined && previous !== null && !isJsonObject(previous)) {
    return rejected(
      "schema_invalid",
      "what the source's `previous` points at is not an object",
      "Mend the `previous` pointer of the source, or the event.",
    );
  }
  const { freshetversion, sequence } = envelope.attributes;
  const version = readVersion(present(freshetversion) ?? present(sequence), source);
  if (typeof version === "object" && version !== null) return version;
  const op = source.ops.get(type) ?? "update";
  const said = { type, subject, version, data, previous: previous ?? NO_DATA, op };
  return { kind: "event", event: eventOf(envelope.attributes, { record, source, ...said }), source };
}

/** The attributes that are read as they stand; what is no text is none. */
function eventOf({ id, time, traceparent }: Attributes, said: Omit<RecordEventParts, "id" | "time" | "headerOf">): RecordEvent {
  const headerOf = (name: string): string | null => headerText(said.record.headers, name);
  return new RecordEvent({ ...said, id: textOf(id), time: textOf(time) ?? "", trace: textOf(traceparent), headerOf });
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

/** A deleted row as some producers send it: no value. Blind. */
function decodeTombstone(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const source = sources.find((candidate) => candidate.tombstones === "delete");
  if (source === undefined || senderOfCanary(record) !== null) return { kind: "ignored" };
  if (record.key === null)
    return rejected("schema_invalid", "a tombstone without a key says nothing", "Send deletes with the id as record key.");
  let subject: string;
  try {
    subject = utf8.decode(record.key);
  } catch {
    return rejected("undecodable", "the key of a tombstone is not UTF-8", "Send the id as UTF-8 text.");
  }
  if (subject === "")
    return rejected("schema_invalid", "a tombstone with an empty key says nothing", "Send deletes with the id as record key.");
  const badSubject = checkSubject(subject, source);
  if (badSubject !== null) return badSubject;
  const said = { type: "tombstone", subject, version: null, data: NO_DATA, previous: NO_DATA, op: "delete" } as const;
  const event = eventOf({}, { record, source, ...said });
  return { kind: "event", event, source };
}
