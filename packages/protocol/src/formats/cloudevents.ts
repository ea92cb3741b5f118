import { type Decoded, rejected } from "../decoded.js";
import type { JsonObject, JsonValue } from "../event.js";
import { followPointer, isJsonObject } from "../json.js";
import { limits } from "../limits.js";
import type { KafkaRecord } from "../record.js";
import { parseRfc3339 } from "../rfc3339.js";
import type { SourceSpec } from "../source.js";
import { parseVersion, type Version } from "../version.js";
import { type Attributes, type Envelope, type Required, readEnvelope, readRequired } from "./cloudevents-envelope.js";
import { CloudDomainEvent } from "./cloudevents-event.js";

/**
 * CloudEvents 1.0 over Kafka, binary and structured mode (CloudEvents Kafka protocol binding 1.0). Structured events are
 * also taken under other content types, known by a top-level `specversion`: some SDKs send them as `application/json`.
 */

const NO_DATA: JsonObject = Object.freeze({});
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that CloudEvents strings exclude
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Decodes a record of a topic whose CloudEvents sources are these, in file order: the first that matches takes it. */
export function decodeCloudEvent(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const { value } = record;
  if (value === null) return decodeTombstone(record, sources);
  const read = readEnvelope(record, value);
  if (read.kind === "rejected") return read;
  const required = readRequired(read.envelope.attributes);
  if ("kind" in required) return required;
  const source = sources.find((candidate) => candidate.matchesType(required.type));
  if (source !== undefined) return toEvent(record, read.envelope, { ...required, source });
  if (!sources.some((candidate) => candidate.strict)) return { kind: "no_match" };
  return rejected(
    "untrusted",
    "no source of this topic takes events of this type",
    "Add the type to `match.types` of a source, or stop sending it here.",
  );
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
  const version = readVersion(envelope.attributes, source);
  if (typeof version === "object" && version !== null) return version;
  const op = source.ops.get(type) ?? "update";
  const parts = { record, attributes: envelope.attributes, source, type, subject, version, data, previous: previous ?? NO_DATA, op };
  return { kind: "event", event: new CloudDomainEvent(parts), source };
}

function checkSubject(subject: string, source: SourceSpec): (Decoded & { kind: "rejected" }) | null {
  if (CONTROL.test(subject) || !subject.isWellFormed()) {
    return rejected(
      "schema_invalid",
      "the subject has control characters or unpaired surrogates",
      "Escape the id before it becomes a subject.",
    );
  }
  const full = source.space.length + 1 + subject.length;
  if (
    full * 3 <= limits.subjectBytesMax ||
    encoder.encode(subject).length + encoder.encode(source.space).length + 1 <= limits.subjectBytesMax
  )
    return null;
  return rejected("schema_invalid", `the subject is longer than ${limits.subjectBytesMax} bytes`, "Use a shorter id, e.g. a hash of it.");
}

function readVersion(attributes: Attributes, source: SourceSpec): Version | null | (Decoded & { kind: "rejected" }) {
  if (source.spaceKind === "none") return null;
  const raw = present(attributes.freshetversion) ?? present(attributes.sequence);
  if (raw === undefined) {
    return rejected(
      "version_missing",
      "there is neither a freshetversion nor a sequence attribute",
      "Send the version, or declare the source as `versions: none`.",
    );
  }
  const text = typeof raw === "string" ? raw : integerText(raw);
  const version = parseVersion(text) ?? (source.spaceKind === "timestamp" ? timestampVersion(text) : null);
  if (version !== null) return version;
  return rejected(
    "version_invalid",
    `the version is not a canonical decimal of at most ${limits.versionDigitsMax} digits`,
    "Send digits only, as a string: no sign, fraction, exponent or leading zero.",
  );
}

function present(value: JsonValue | undefined): JsonValue | undefined {
  return value === null || value === "" ? undefined : value;
}

/** Integers keep their digits (`parseJson`); anything else becomes text that no version looks like. */
function integerText(value: JsonValue): string {
  if (typeof value === "bigint") return value.toString();
  return typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0) ? value.toString() : "";
}

function timestampVersion(text: string): Version | null {
  const microseconds = parseRfc3339(text);
  return microseconds === null || microseconds < 0 ? null : parseVersion(microseconds.toString());
}

/** A deleted row as some producers send it: no value. Blind, unless its headers say otherwise. */
function decodeTombstone(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const source = sources.find((candidate) => candidate.tombstones === "delete");
  if (source === undefined) return { kind: "ignored" };
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
  const event = new CloudDomainEvent({ record, attributes: {}, source, ...said });
  return { kind: "event", event, source };
}
