import { parseVersion, type Version } from "./version.js";

const SPACE = " \t\r\n";
const BARE = /[A-Za-z0-9+.-]/;

/**
 * The version in a JSON text: a top-level member by name, read without converting any number. `null` when the text is
 * malformed, has no such member, or holds no canonical digits there (quoted or bare).
 *
 * The same algorithm runs on Redis (`json-version.lua`), so what counts as malformed is small and exact: structure is
 * checked to the end of the text (strings end, brackets match, members are `"name": value` with commas between), what
 * nested values hold is not. Names are compared as they are written; of a repeated one the last counts.
 */
export function jsonVersion(text: string, name: string): Version | null {
  let found: string | null = null;
  let at = skipSpace(text, 0);
  if (text[at] !== "{") return null;
  at = skipSpace(text, at + 1);
  while (text[at] !== "}") {
    const member = memberAt(text, at);
    if (member === null) return null;
    if (member.name === name) found = member.value;
    at = skipSpace(text, member.end);
    if (text[at] === "}") break;
    if (text[at] !== ",") return null;
    at = skipSpace(text, at + 1);
    if (text[at] === "}") return null;
  }
  const isWhole = skipSpace(text, at + 1) === text.length;
  return isWhole && found !== null ? parseVersion(found) : null;
}

/** `"name": value`, with what the value would be as a version; `end` is the position behind it. */
function memberAt(text: string, from: number): { name: string; value: string; end: number } | null {
  const quote = text[from] === '"' ? stringEnd(text, from + 1) : null;
  if (quote === null) return null;
  const colon = skipSpace(text, quote + 1);
  if (text[colon] !== ":") return null;
  const start = skipSpace(text, colon + 1);
  const last = valueEnd(text, start);
  if (last === null) return null;
  const isNested = text[start] === "{" || text[start] === "[";
  const isString = text[start] === '"';
  const value = isNested ? "" : text.slice(start + (isString ? 1 : 0), last + (isString ? 0 : 1));
  return { name: text.slice(from + 1, quote), value, end: last + 1 };
}

/** The position of the last character of the value at `from`. */
function valueEnd(text: string, from: number): number | null {
  const first = text[from];
  if (first === '"') return stringEnd(text, from + 1);
  if (first === "{" || first === "[") return nestedEnd(text, from);
  let at = from;
  while (BARE.test(text[at] ?? "")) at++;
  return at === from ? null : at - 1;
}

/** The position of the quote that ends the string whose first character is at `from`. */
function stringEnd(text: string, from: number): number | null {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (first > from && text[first - 1] === "\\") first--;
    if ((quote - first) % 2 === 0) return quote;
  }
  return null;
}

/** The position of the bracket that ends the object or array beginning at `from`. */
function nestedEnd(text: string, from: number): number | null {
  const closers: string[] = [];
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const quote = stringEnd(text, at + 1);
      if (quote === null) return null;
      at = quote;
    } else if (char === "{") closers.push("}");
    else if (char === "[") closers.push("]");
    else if (char === "}" || char === "]") {
      if (closers.pop() !== char) return null;
      if (closers.length === 0) return at;
    }
  }
  return null;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && SPACE.includes(text[at] ?? "")) at++;
  return at;
}
