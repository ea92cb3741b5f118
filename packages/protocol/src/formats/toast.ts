import type { JsonObject, JsonValue } from "../event.js";

/** What Debezium writes for a large column that did not change, and so was not in the log: a text, or one as its type has it. */
const PLACEHOLDER = "__debezium_unavailable_value";
const IN_BASE64 = btoa(PLACEHOLDER);
const IN_CODES: readonly JsonValue[] = Array.from(PLACEHOLDER, (character) => character.charCodeAt(0));

/** The row without the columns whose value is not known; the row itself where all are. */
export function withoutUnavailable(row: JsonObject): JsonObject {
  for (const name of Object.keys(row)) {
    if (isUnavailable(row[name])) return Object.fromEntries(Object.entries(row).filter(([, value]) => !isUnavailable(value)));
  }
  return row;
}

function isUnavailable(value: JsonValue | undefined): boolean {
  if (typeof value === "string") return value === PLACEHOLDER || value === IN_BASE64;
  if (!isList(value)) return isMapOfIt(value);
  if (value.length === 1) return value[0] === PLACEHOLDER;
  return value.length === IN_CODES.length && value.every((code, at) => code === IN_CODES[at]);
}

function isMapOfIt(value: JsonValue | undefined): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, PLACEHOLDER) && Object.keys(value).length === 1;
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
