import { type Rejected, rejected } from "../decoded.js";
import type { JsonObject, JsonValue } from "../event.js";
import { isJsonObject, parseJson } from "../json.js";
import { jsonExcess } from "../json-bounds.js";
import { limits } from "../limits.js";
import { headerText, type RecordHeader } from "../record.js";
import { checkJson } from "./record-bounds.js";

/** What Kafka Connect writes: JSON with or without its schema, texts bare or in quotes, by converter. */

/** JSON of a record, unwrapped. `text` and `path` say how and where it was written, for numbers that must be digits. */
export interface ConnectJson {
  readonly kind: "json";
  readonly value: JsonValue;
  readonly text: string;
  readonly path: readonly string[];
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const exactUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** The magic byte of schema registries, which no text begins with. */
const REGISTRY_MAGIC = 0;
const STRUCT = "Struct{";

const TOO_LARGE = rejected(
  "too_large",
  `the value is larger than ${limits.recordBytesMax} bytes`,
  "Send a reference to large data instead of the data.",
);
const NOT_UTF8 = rejected("undecodable", "the value is not UTF-8", "Look at the record's bytes: its producer writes another format.");
const FRAMED = rejected(
  "unsupported_format",
  "the value begins like one of a schema registry",
  "Write `encoding: registry` in the source, or use JsonConverter for this topic.",
);
const PRINTED = rejected(
  "unsupported_format",
  "it is a Java struct printed as text",
  "Use JsonConverter: StringConverter prints structs in a way that nobody can read back.",
);
const NOT_JSON = rejected(
  "undecodable",
  "the value is not JSON",
  "Look at the record's bytes: its producer writes another format, or cut it short.",
);

/** The text of a value, or why there is none. */
export function readValueText(value: Uint8Array): string | Rejected {
  if (value.length > limits.recordBytesMax) return TOO_LARGE;
  if (value[0] === REGISTRY_MAGIC) return FRAMED;
  try {
    return utf8.decode(value);
  } catch {
    return NOT_UTF8;
  }
}

/** A value as JSON, as it stands. */
export function readJson(text: string, how: "exact" | "quick" = "exact"): ConnectJson | Rejected {
  const excess = checkJson(text);
  if (excess !== null) return excess;
  const value = parsed(text, how);
  if (value === undefined) return text.startsWith(STRUCT) ? PRINTED : NOT_JSON;
  return { kind: "json", value, text, path: [] };
}

/**
 * A value as JSON, without the schema it may be wrapped in. With `quick`, integers past 2^53 may have lost digits: it is
 * for values that always have some where nobody looks.
 */
export function readConnectJson(text: string, how: "exact" | "quick" = "exact"): ConnectJson | Rejected {
  const json = readJson(text, how);
  const inner = json.kind === "json" ? unwrapped(json.value) : undefined;
  return inner === undefined ? json : { kind: "json", value: inner, text, path: ["payload"] };
}

/** A record key: the fields of a row, or one text. */
export type ConnectKey = { readonly kind: "row"; readonly row: JsonObject } | { readonly kind: "text"; readonly text: string } | Rejected;

const NO_KEY = rejected("schema_invalid", "the record has no key, or an empty one", "Send the id as record key.");
const KEY_NOT_UTF8 = rejected("undecodable", "the record key is not UTF-8", "Write keys with JsonConverter or StringConverter.");
const KEY_NOT_ID = rejected("schema_invalid", "the record key holds no id", "Use an id that is a text or an integer as record key.");

/** The record key as any of the converters writes it. */
export function readConnectKey(key: Uint8Array | null): ConnectKey {
  if (key === null || key.length === 0) return NO_KEY;
  if (key[0] === REGISTRY_MAGIC) return FRAMED;
  let text: string;
  try {
    text = exactUtf8.decode(key);
  } catch {
    return KEY_NOT_UTF8;
  }
  const value = valueOfText(text);
  if (isJsonObject(value)) return { kind: "row", row: value };
  const id = idText(value);
  if (id === null) return KEY_NOT_ID;
  return id.startsWith(STRUCT) ? PRINTED : { kind: "text", text: id };
}

/** A header's text, without the quotes or the schema that a JSON header converter adds; `null` when there is no such header. */
export function connectHeader(headers: readonly RecordHeader[], name: string): string | null {
  const text = headerText(headers, name);
  return text === null ? null : idText(valueOfText(text));
}

/**
 * A text is JSON only where it cannot be the plain text of an id: in quotes, or in braces. `007` and `1e3` are ids as they
 * stand.
 */
function valueOfText(text: string): JsonValue {
  if (!text.startsWith('"') && !text.startsWith("{")) return text;
  const value = jsonExcess(text) === null ? parsed(text) : undefined;
  if (value === undefined) return text;
  const inner = unwrapped(value);
  return inner === undefined ? value : inner;
}

/** A text that is not empty or an integer, as text; `null` for anything else. */
export function idText(value: JsonValue | undefined): string | null {
  if (typeof value === "string") return value === "" ? null : value;
  if (typeof value === "bigint") return value.toString();
  return typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0) ? value.toString() : null;
}

/** `undefined` for what is no JSON. Its bounds were checked. */
function parsed(text: string, how: "exact" | "quick" = "exact"): JsonValue | undefined {
  try {
    return how === "exact" ? parseJson(text) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is in the envelope of JsonConverter with schemas; `undefined` when there is no envelope. */
function unwrapped(value: JsonValue): JsonValue | undefined {
  if (!isJsonObject(value) || !Object.hasOwn(value, "schema") || !Object.hasOwn(value, "payload")) return undefined;
  const { schema, payload } = value;
  if (Object.keys(value).length !== 2) return undefined;
  const isSchema = schema === null || (isJsonObject(schema) && Object.hasOwn(schema, "type") && typeof schema.type === "string");
  return isSchema ? payload : undefined;
}
