import { type Decoded, rejected } from "../decoded.js";
import type { DomainEvent, JsonObject, JsonValue, Op } from "../event.js";
import { followPointer, isJsonObject, memberOf, parseJson } from "../json.js";
import { limits } from "../limits.js";
import { headerText, type KafkaRecord, type RecordHeader } from "../record.js";
import { parseRfc3339 } from "../rfc3339.js";
import type { SourceSpec } from "../source.js";
import { parseVersion, type Version } from "../version.js";

/**
 * CloudEvents 1.0 over Kafka, binary and structured mode (CloudEvents Kafka protocol binding 1.0). Structured events are
 * also taken under other content types, known by a top-level `specversion`: some SDKs send them as `application/json`.
 */

/** The attributes that are read of an event, of either mode, before it is known which source takes it. */
interface Attributes {
  readonly specversion?: JsonValue | undefined;
  readonly id?: JsonValue | undefined;
  readonly source?: JsonValue | undefined;
  readonly type?: JsonValue | undefined;
  readonly subject?: JsonValue | undefined;
  readonly time?: JsonValue | undefined;
  readonly freshetversion?: JsonValue | undefined;
  readonly sequence?: JsonValue | undefined;
  readonly traceparent?: JsonValue | undefined;
}

interface Envelope {
  /** In structured mode the event itself, whose members are its own: no attribute has a name that objects inherit. */
  readonly attributes: Attributes;
  /** The data as JSON; `undefined` when the event has none. */
  readonly data: JsonValue | undefined;
}

type Read = { readonly kind: "read"; readonly envelope: Envelope } | (Decoded & { kind: "rejected" });

const NO_DATA: JsonObject = Object.freeze({});
const STRUCTURED = /^application\/cloudevents(?<batch>-batch)?(?:\+(?<format>[a-z0-9.-]+))?\s*(?:;|$)/i;
const JSON_TYPE = /^(?:application|text)\/(?:[a-z0-9.-]+\+)?json\s*(?:;|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that CloudEvents strings exclude
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const utf8 = new TextDecoder("utf-8", { fatal: true });
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

function readEnvelope(record: KafkaRecord, value: Uint8Array): Read {
  if (value.length > limits.recordBytesMax) {
    return rejected(
      "too_large",
      `the value is larger than ${limits.recordBytesMax} bytes`,
      "Send a reference to large data instead of the data.",
    );
  }
  const contentType = headerText(record.headers, "content-type") ?? "";
  const structured = STRUCTURED.exec(contentType);
  if (structured !== null) {
    const format = structured.groups?.format?.toLowerCase() ?? "json";
    if (structured.groups?.batch === undefined && format === "json") return readStructured(value);
    return rejected(
      "unsupported_format",
      "the event format is not JSON, or is a batch",
      "Send single CloudEvents in the JSON event format or in binary mode.",
    );
  }
  return hasBinaryAttributes(record) ? readBinary(record, value, contentType) : readStructured(value);
}

function hasBinaryAttributes(record: KafkaRecord): boolean {
  return record.headers.some((header) => header.name.startsWith("ce_"));
}

function readStructured(value: Uint8Array): Read {
  const parsed = parseBytes(value);
  if (parsed === undefined) return NOT_JSON;
  if (!isJsonObject(parsed)) {
    return rejected(
      "schema_invalid",
      "the event is not a JSON object",
      "Send a CloudEvent: an object with specversion, id, source, type, subject.",
    );
  }
  const base64 = memberOf(parsed, "data_base64");
  if (base64 === undefined) return { kind: "read", envelope: { attributes: parsed, data: parsed.data } };
  const data = isJsonType(memberOf(parsed, "datacontenttype")) && typeof base64 === "string" ? parseBase64(base64) : undefined;
  if (data !== undefined) return { kind: "read", envelope: { attributes: parsed, data } };
  return rejected("unsupported_format", "data_base64 does not hold JSON", "Send JSON data, and say so in datacontenttype.");
}

function readBinary(record: KafkaRecord, value: Uint8Array, contentType: string): Read {
  const attributes = binaryAttributes(record.headers);
  if (value.length === 0) return { kind: "read", envelope: { attributes, data: undefined } };
  if (contentType !== "" && !JSON_TYPE.test(contentType)) {
    return rejected("unsupported_format", "the data is not JSON by its content-type", "Send JSON data with content-type application/json.");
  }
  const data = parseBytes(value);
  return data === undefined ? NOT_JSON : { kind: "read", envelope: { attributes, data } };
}

function binaryAttributes(headers: readonly RecordHeader[]): Attributes {
  const attribute = (name: keyof Attributes) => headerText(headers, `ce_${name}`) ?? undefined;
  return {
    specversion: attribute("specversion"),
    id: attribute("id"),
    source: attribute("source"),
    type: attribute("type"),
    subject: attribute("subject"),
    time: attribute("time"),
    freshetversion: attribute("freshetversion"),
    sequence: attribute("sequence"),
    traceparent: attribute("traceparent"),
  };
}

const NOT_JSON = rejected(
  "undecodable",
  "the value is not JSON in UTF-8",
  "Look at the record's bytes: its producer writes another format, or cut it short.",
);

function isJsonType(value: JsonValue | undefined): boolean {
  return value === undefined || (typeof value === "string" && JSON_TYPE.test(value));
}

function parseBytes(value: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(utf8.decode(value));
  } catch {
    return undefined;
  }
}

function parseBase64(text: string): JsonValue | undefined {
  try {
    return parseBytes(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

interface Required {
  readonly type: string;
  readonly subject: string;
}

function readRequired({ specversion, id, source, type, subject }: Attributes): Required | (Decoded & { kind: "rejected" }) {
  if (specversion === undefined) {
    return rejected(
      "schema_invalid",
      "there is no specversion attribute",
      "Send a CloudEvent 1.0: in binary mode as header ce_specversion.",
    );
  }
  if (specversion !== "1.0") return rejected("unsupported_format", "specversion is not 1.0", "Send CloudEvents 1.0.");
  if (!isText(id)) return missing("id");
  if (!isText(source)) return missing("source");
  if (!isText(type)) return missing("type");
  return isText(subject) ? { type, subject } : missing("subject");
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "";
}

function missing(name: keyof Attributes): Decoded & { kind: "rejected" } {
  return rejected("schema_invalid", `attribute ${name} is missing, empty or not a string`, `Set ${name} on every event.`);
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
  const parts = { type, subject, version, data, previous: previous ?? NO_DATA, op };
  return { kind: "event", event: new CloudDomainEvent(record, envelope.attributes, source, parts), source };
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
  const event = new CloudDomainEvent(record, {}, source, {
    type: "tombstone",
    subject,
    version: null,
    data: NO_DATA,
    previous: NO_DATA,
    op: "delete",
  });
  return { kind: "event", event, source };
}

interface Parts {
  readonly type: string;
  readonly subject: string;
  readonly version: Version | null;
  readonly data: JsonObject;
  readonly previous: JsonObject;
  readonly op: Op;
}

/** What few rules ask for (headers, tenant, time) is computed when it is asked for: most events never pay for it. */
class CloudDomainEvent implements DomainEvent {
  readonly space: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly version: Version | null;
  readonly op: Op;
  readonly data: JsonObject;
  readonly previous: JsonObject;
  private readonly record: KafkaRecord;
  private readonly attributes: Attributes;
  private readonly spec: SourceSpec;

  constructor(record: KafkaRecord, attributes: Attributes, spec: SourceSpec, parts: Parts) {
    this.space = spec.space;
    this.source = spec.name;
    this.type = parts.type;
    this.subject = parts.subject;
    this.version = parts.version;
    this.op = parts.op;
    this.data = parts.data;
    this.previous = parts.previous;
    this.record = record;
    this.attributes = attributes;
    this.spec = spec;
  }

  get id(): string {
    return textOf(this.attributes.id) ?? `${this.record.topic}/${this.record.partition}/${this.record.offset}`;
  }
  get time(): string {
    return textOf(this.attributes.time) ?? "";
  }
  get timeUs(): number | null {
    return parseRfc3339(this.time);
  }
  get trace(): string | null {
    return textOf(this.attributes.traceparent) ?? headerText(this.record.headers, "traceparent");
  }
  get tenant(): string | null {
    const ref = this.spec.tenant;
    if (ref === null) return null;
    const value = ref.from === "header" ? headerText(this.record.headers, ref.name) : followPointer(this.data, ref.path);
    return typeof value === "string" && value !== "" ? value : null;
  }
  get headers(): JsonObject {
    const { headers } = this.record;
    return Object.fromEntries(headers.map(({ name }) => [name, headerText(headers, name)]));
  }
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
