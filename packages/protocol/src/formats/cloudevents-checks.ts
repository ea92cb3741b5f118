import { type Decoded, rejected } from "../decoded.js";
import type { JsonValue } from "../event.js";
import { limits } from "../limits.js";
import { parseRfc3339 } from "../rfc3339.js";
import type { SourceSpec } from "../source.js";
import { parseVersion, type Version } from "../version.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that CloudEvents strings exclude
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const encoder = new TextEncoder();

/** Why a subject cannot be one, or `null`. */
export function checkSubject(subject: string, source: SourceSpec): (Decoded & { kind: "rejected" }) | null {
  if (CONTROL.test(subject) || !subject.isWellFormed()) {
    return rejected(
      "schema_invalid",
      "the subject has control characters or unpaired surrogates",
      "Escape the id before it becomes a subject.",
    );
  }
  const full = source.space.length + 1 + subject.length;
  if (
    full * 3 <= limits.subjectBytesMax ||
    encoder.encode(subject).length + encoder.encode(source.space).length + 1 <= limits.subjectBytesMax
  )
    return null;
  return rejected("schema_invalid", `the subject is longer than ${limits.subjectBytesMax} bytes`, "Use a shorter id, e.g. a hash of it.");
}

/** The version of what an event carries as one, or why there is none; `null` where the source says there are none. */
export function readVersion(raw: JsonValue | undefined, source: SourceSpec): Version | null | (Decoded & { kind: "rejected" }) {
  if (source.spaceKind === "none") return null;
  if (raw === undefined) {
    return rejected(
      "version_missing",
      "there is neither a freshetversion nor a sequence attribute",
      "Send the version, or declare the source as `versions: none`.",
    );
  }
  const text = typeof raw === "string" ? raw : integerText(raw);
  const version = parseVersion(text) ?? (source.spaceKind === "timestamp" ? timestampVersion(text) : null);
  if (version !== null) return version;
  return rejected(
    "version_invalid",
    `the version is not a canonical decimal of at most ${limits.versionDigitsMax} digits`,
    "Send digits only, as a string: no sign, fraction, exponent or leading zero.",
  );
}

/** A value that is there and says something. */
export function present(value: JsonValue | undefined): JsonValue | undefined {
  return value === null || value === "" ? undefined : value;
}

/** Integers keep their digits (`parseJson`); anything else becomes text that no version looks like. */
function integerText(value: JsonValue): string {
  if (typeof value === "bigint") return value.toString();
  return typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0) ? value.toString() : "";
}

function timestampVersion(text: string): Version | null {
  const microseconds = parseRfc3339(text);
  return microseconds === null || microseconds < 0 ? null : parseVersion(microseconds.toString());
}
