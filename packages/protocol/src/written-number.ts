import type { JsonValue } from "./event.js";
import { followPointer } from "./json.js";

const FRACTION = /[ \t\r\n]*:[ \t\r\n]*-?\d+[.eE]/y;

/**
 * Whether the number at this path of a JSON text is written as a fraction or with an exponent: `5.0` and `1e3` are worth
 * an integer and are none. `false` when there is no number; `true` when the text is nested too deep to tell.
 */
export function isWrittenAsFraction(text: string, path: readonly string[]): boolean {
  if (!mayBeFraction(text, path.at(-1) ?? "")) return false;
  try {
    return /[.eE]/.test(writtenNumber(text, path));
  } catch {
    return true; // a reviver goes as deep as the stack, and plain parsing deeper
  }
}

/** A look at the text, so that nearly no text is parsed twice; `true` when in doubt: the name may be written with escapes. */
function mayBeFraction(text: string, name: string): boolean {
  if (text.includes("\\u") || (name.includes("/") && text.includes("\\/"))) return true;
  const quoted = JSON.stringify(name);
  for (let at = text.indexOf(quoted); at !== -1; at = text.indexOf(quoted, at + 1)) {
    FRACTION.lastIndex = at + quoted.length;
    if (FRACTION.test(text)) return true;
  }
  return false;
}

function writtenNumber(text: string, path: readonly string[]): string {
  const name = path.at(-1);
  const written = new Map<unknown, string>();
  const top: JsonValue = JSON.parse(text, function note(this: unknown, key: string, value: JsonValue, context?: { source?: string }) {
    if (key === name && typeof value === "number" && context?.source !== undefined) written.set(this, context.source);
    return value;
  });
  return written.get(followPointer(top, path.slice(0, -1))) ?? "";
}
