import { hasDigitRun } from "./digit-run.js";
import type { JsonValue } from "./event.js";

/** Digits of 2^53: only a run of so many can be a number that loses some, and only then the slower, lossless way is taken. */
const RISKY_DIGITS = 16;
const INTEGER = /^-?\d+$/;

/**
 * JSON text as a value whose integers past 2^53 are `bigint` with every digit (the reviver's source text, Node 22).
 * Members named `__proto__` and the like are plain own members; read them with own-property look-ups only.
 *
 * @throws SyntaxError when the text is not JSON.
 */
export function parseJson(text: string): JsonValue {
  return hasDigitRun(text, RISKY_DIGITS) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(_name: string, value: JsonValue, context?: { source?: string }): JsonValue {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return INTEGER.test(source) ? BigInt(source) : value;
}

/** The own member of this name, or `undefined`; never anything inherited. */
function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as { readonly [name: string]: JsonValue })[name];
}

/** Follows an RFC 6901 pointer, already split and unescaped; `undefined` where the path ends early. */
export function followPointer(value: JsonValue, path: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const name of path) at = memberOf(at, name);
  return at;
}

/** Follows the names of members through objects alone; `undefined` where the path ends early, or meets a list. */
export function followMembers(value: JsonValue, path: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const name of path) at = isJsonObject(at) ? memberOf(at, name) : undefined;
  return at;
}

/** Whether this is a JSON object (not null, not an array). */
export function isJsonObject(value: JsonValue | undefined): value is { readonly [name: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How a number that is a member of the top-level object was written; `undefined` when there is no such member, or it is no number. */
export function numberText(text: string, name: string): string | undefined {
  const written = new Map<unknown, string>();
  const top: unknown = JSON.parse(text, function note(this: unknown, key: string, value: JsonValue, context?: { source?: string }) {
    if (key === name && typeof value === "number" && context?.source !== undefined) written.set(this, context.source);
    return value;
  });
  return written.get(top);
}
