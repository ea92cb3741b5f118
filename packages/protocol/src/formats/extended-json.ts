import type { Rejected } from "../decoded.js";
import type { JsonObject, JsonValue } from "../event.js";
import { isJsonObject } from "../json.js";
import { type ConnectJson, readJson } from "./connect-json.js";

/**
 * Documents of MongoDB as Debezium sends them: as a text of extended JSON, in which a long is `{"$numberLong": "7"}` and an id
 * `{"$oid": "…"}`.
 */

/** What the text holds, its values as plain ones; what extended JSON says of rarer types stays as it is. */
export function readExtendedJson(text: string): ConnectJson | Rejected {
  const json = readJson(text);
  return json.kind === "rejected" ? json : { ...json, value: plain(json.value) };
}

type Wrapped = (value: JsonValue) => JsonValue | undefined;

const text: Wrapped = (value) => (typeof value === "string" ? value : undefined);
const integer: Wrapped = (value) => (typeof value === "string" && /^-?\d{1,20}$/.test(value) ? exact(BigInt(value)) : undefined);

/** By the one member of an object: what stands for it; `undefined` where the member holds something else. */
const WRAPPED: ReadonlyMap<string, Wrapped> = new Map<string, Wrapped>([
  ["$oid", text],
  ["$uuid", text],
  ["$symbol", text],
  ["$numberDecimal", text],
  ["$numberLong", integer],
  ["$numberInt", integer],
  ["$date", date],
  ["$binary", (value) => (isJsonObject(value) && Object.hasOwn(value, "base64") ? text(value.base64 ?? null) : text(value))],
]);

function plain(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  return unwrapped(value) ?? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

function unwrapped(value: JsonObject): JsonValue | undefined {
  const [name = "", second] = Object.keys(value);
  if (!name.startsWith("$")) return undefined;
  const isAlone = second === undefined || (name === "$binary" && second === "$type");
  return isAlone ? WRAPPED.get(name)?.(value[name] ?? null) : undefined;
}

/** RFC 3339, or milliseconds since 1970, as it was written. */
function date(value: JsonValue): JsonValue | undefined {
  const said = isJsonObject(value) ? plain(value) : value;
  return typeof said === "object" ? undefined : said;
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
