import type { JsonValue } from "./event.js";

/** Sixteen digits in a row: only then can a number be past 2^53, and only then is the slower, lossless way taken. */
const MAY_LOSE_DIGITS = /\d{16}/;
const INTEGER = /^-?\d+$/;

/**
 * JSON text as a value whose integers past 2^53 are `bigint` with every digit (the reviver's source text, Node 22).
 * Members named `__proto__` and the like are plain own members; read them with own-property look-ups only.
 *
 * @throws SyntaxError when the text is not JSON.
 */
export function parseJson(text: string): JsonValue {
  return MAY_LOSE_DIGITS.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(_name: string, value: JsonValue, context?: { source?: string }): JsonValue {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return INTEGER.test(source) ? BigInt(source) : value;
}

/** The own member of this name, or `undefined`; never anything inherited. */
export function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as { readonly [name: string]: JsonValue })[name];
}

/** Follows an RFC 6901 pointer, already split and unescaped; `undefined` where the path ends early. */
export function followPointer(value: JsonValue, path: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const name of path) at = memberOf(at, name);
  return at;
}

/** Whether this is a JSON object (not null, not an array). */
export function isJsonObject(value: JsonValue | undefined): value is { readonly [name: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
