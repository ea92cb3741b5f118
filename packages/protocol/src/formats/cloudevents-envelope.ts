import { senderOfCanary } from "../canary.js";
import { type Decoded, rejected } from "../decoded.js";
import type { JsonValue } from "../event.js";
import { isJsonObject, numberText, parseJson } from "../json.js";
import { limits } from "../limits.js";
import { headerText, type KafkaRecord, type RecordHeader } from "../record.js";
import { checkJson } from "./record-bounds.js";

/** The attributes that are read of an event, of either mode, before it is known which source takes it. */
export interface Attributes {
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

export interface Envelope {
  /** In structured mode the event itself, whose members are its own: no attribute has a name that objects inherit. */
  readonly attributes: Attributes;
  /** The data as JSON; `undefined` when the event has none. */
  readonly data: JsonValue | undefined;
}

type Rejected = Decoded & { readonly kind: "rejected" };
type Read = { readonly kind: "read"; readonly envelope: Envelope } | Rejected;

const STRUCTURED = /^application\/cloudevents(?<batch>-batch)?(?:\+(?<format>[a-z0-9.-]+))?\s*(?:;|$)/i;
const JSON_TYPE = /^(?:application|text)\/(?:[a-z0-9.-]+\+)?json\s*(?:;|$)/i;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The envelope of a record in either mode, or why there is none. */
export function readEnvelope(record: KafkaRecord, value: Uint8Array): Read {
  if (value.length > limits.recordBytesMax) {
    return rejected(
      "too_large",
      `the value is larger than ${limits.recordBytesMax} bytes`,
      "Send a reference to large data instead of the data.",
    );
  }
  const { headers } = record;
  const mode = modeOf(headers);
  if (mode === "structured") return readStructured(value);
  if (mode === "binary") return readBinary(record, value);
  return rejected(
    "unsupported_format",
    "the event format is not JSON, or is a batch",
    "Send single CloudEvents in the JSON event format or in binary mode.",
  );
}

/** How a record with these headers carries its event; `null` for an event format that is not read. */
export function modeOf(headers: readonly RecordHeader[]): "structured" | "binary" | null {
  if (headers.length === 0) return "structured";
  const structured = STRUCTURED.exec(headerText(headers, "content-type") ?? "");
  if (structured === null) return headers.some(({ name }) => name.startsWith("ce_")) ? "binary" : "structured";
  const format = structured.groups?.format?.toLowerCase() ?? "json";
  return structured.groups?.batch === undefined && format === "json" ? "structured" : null;
}

/**
 * Whether a record without a value is an event in binary mode that has no data, and no tombstone: its SDKs write null then, but its
 * attributes are in headers as ever.
 */
export function isEventWithoutData(record: KafkaRecord): boolean {
  const { value, headers } = record;
  if (value !== null || headers.length === 0 || headerText(headers, "ce_specversion") === null) return false;
  return modeOf(headers) === "binary" && senderOfCanary(record) === null;
}

function readStructured(value: Uint8Array): Read {
  const read = parseBytes(value);
  if (read.kind === "rejected") return read;
  const parsed = withVersionAsWritten(read.value, value);
  if (!isJsonObject(parsed)) {
    return rejected(
      "schema_invalid",
      "the event is not a JSON object",
      "Send a CloudEvent: an object with specversion, id, source, type, subject.",
    );
  }
  const base64 = parsed.data_base64; // no object inherits such a name
  if (base64 === undefined) return { kind: "read", envelope: { attributes: parsed, data: parsed.data } };
  const data = isJsonType(parsed.datacontenttype) && typeof base64 === "string" ? parseBase64(base64) : NOT_JSON;
  if (data.kind === "json") return { kind: "read", envelope: { attributes: parsed, data: data.value } };
  if (data.rejection.reason === "too_large") return data;
  return rejected("unsupported_format", "data_base64 does not hold JSON", "Send JSON data, and say so in datacontenttype.");
}

/** A version that came as a JSON number is judged as it was written: `1e3` and `5.0` are no versions, whatever they are worth. */
function withVersionAsWritten(parsed: JsonValue, value: Uint8Array): JsonValue {
  if (!isJsonObject(parsed)) return parsed;
  const { freshetversion, sequence } = parsed;
  if (typeof freshetversion !== "number" && typeof sequence !== "number") return parsed;
  const written = (name: string): JsonValue | undefined => numberText(utf8.decode(value), name) ?? parsed[name];
  return { ...parsed, freshetversion: written("freshetversion") ?? null, sequence: written("sequence") ?? null };
}

function readBinary({ headers, isUnframed }: KafkaRecord, value: Uint8Array): Read {
  const attributes = binaryAttributes(headers);
  const contentType = headerText(headers, "content-type") ?? "";
  if (value.length === 0) return { kind: "read", envelope: { attributes, data: undefined } };
  if (isUnframed === undefined && contentType !== "" && !JSON_TYPE.test(contentType)) {
    return rejected("unsupported_format", "the data is not JSON by its content-type", "Send JSON data with content-type application/json.");
  }
  const data = parseBytes(value);
  return data.kind === "rejected" ? data : { kind: "read", envelope: { attributes, data: data.value } };
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

type Parsed = { readonly kind: "json"; readonly value: JsonValue } | Rejected;

function parseBytes(value: Uint8Array): Parsed {
  try {
    const text = utf8.decode(value);
    return checkJson(text) ?? { kind: "json", value: parseJson(text) };
  } catch {
    return NOT_JSON;
  }
}

function parseBase64(text: string): Parsed {
  try {
    return parseBytes(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    return NOT_JSON;
  }
}

/** What every event must have. */
export interface Required {
  readonly type: string;
  readonly subject: string;
}

export function readRequired({ specversion, id, source, type, subject }: Attributes): Required | (Decoded & { kind: "rejected" }) {
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
  return rejected("schema_invalid", `attribute ${name} is missing, empty or not text in UTF-8`, `Set ${name} on every event.`);
}
