import type { Rejected } from "../decoded.js";
import { rejected } from "../decoded.js";
import { escapePercent } from "../escape.js";
import { limits } from "../limits.js";
import type { SourceSpec } from "../source.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that no subject may have
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const encoder = new TextEncoder();

const NOT_TEXT = rejected(
  "schema_invalid",
  "the subject has control characters or unpaired surrogates",
  "Escape the id before it becomes a subject.",
);
const TOO_LONG = rejected(
  "schema_invalid",
  `the subject is longer than ${limits.subjectBytesMax} bytes`,
  "Use a shorter id, e.g. a hash of it.",
);

/** One id as it is; several each escaped, so that no two lists of ids are the same subject. */
export function subjectOfParts(parts: readonly string[]): string {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : parts.map(escapePercent).join(",");
}

/** Why this cannot be the subject of an event of the source; `null` when it can. */
export function checkSubject(subject: string, source: SourceSpec): Rejected | null {
  if (CONTROL.test(subject) || !subject.isWellFormed()) return NOT_TEXT;
  const full = source.space.length + 1 + subject.length;
  if (full * 3 <= limits.subjectBytesMax) return null; // a UTF-16 unit is at most three bytes
  return encoder.encode(`${source.space}/${subject}`).length <= limits.subjectBytesMax ? null : TOO_LONG;
}
