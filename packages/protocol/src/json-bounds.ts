import { hasDigitRun, isDigit } from "./digit-run.js";
import { limits } from "./limits.js";

/** What of a JSON text is beyond the limits. */
export type JsonExcess = "depth" | "digits";

/**
 * Why a JSON text must not be parsed, `null` when it may be; whether it is JSON at all is not looked at. Parsing deep texts
 * takes a hundred times their size, and a number of a million digits half a second: a small text must not do that.
 */
export function jsonExcess(text: string): JsonExcess | null {
  return mayBeDeep(text) || hasDigitRun(text, limits.numberDigitsMax + 1) ? excessOf(text) : null;
}

/** A text nested deeper than the limit has more opening brackets than the limit. Nearly none has so many. */
function mayBeDeep(text: string): boolean {
  return openings(text, "{") + openings(text, "[") > limits.jsonDepthMax;
}

/** How often the bracket is there, as far as it matters. */
function openings(text: string, bracket: string): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at !== -1 && count <= limits.jsonDepthMax; at = text.indexOf(bracket, at + 1)) count++;
  return count;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Goes over the text as a parser would, strings aside. */
function excessOf(text: string): JsonExcess | null {
  let depth = 0;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    digits = isDigit(code) ? digits + 1 : 0;
    if (digits > limits.numberDigitsMax) return "digits";
    if (code === QUOTE) at = stringEnd(text, at + 1);
    else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
    if (depth > limits.jsonDepthMax) return "depth";
  }
  return null;
}

/** The position of the quote that ends a string, or the end of the text. */
function stringEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}
