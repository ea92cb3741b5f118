import type { Rejected } from "../decoded.js";
import { rejected } from "../decoded.js";
import type { JsonValue, SpaceKind } from "../event.js";
import { limits } from "../limits.js";
import { rfc3339Digits } from "../rfc3339.js";
import { parseVersion, type Version } from "../version.js";
import { isWrittenAsFraction } from "../written-number.js";
import { idText } from "./connect-json.js";

/** A version as it was found, and where in which JSON text; `text` is `null` for what was no JSON. */
export interface FoundVersion {
  readonly value: JsonValue | undefined;
  readonly text: string | null;
  readonly path: readonly string[];
}

export const VERSION_MISSING = rejected(
  "version_missing",
  "what the source names as version is missing, null or empty",
  "Mend `version` of the source or the producer, or declare the source as `versions: none`.",
);
const VERSION_INVALID = rejected(
  "version_invalid",
  `the version is not a canonical decimal of at most ${limits.versionDigitsMax} digits`,
  "Use a column or field of digits only: no sign, fraction, exponent or leading zero.",
);
export const TIMESTAMP_INVALID = rejected(
  "version_invalid",
  `the version is neither a canonical decimal of at most ${limits.versionDigitsMax} digits nor a date-time of RFC 3339 from 1970 on`,
  "Write microseconds since 1970 in digits, or a date-time with seconds and its zone: Z, or an offset like +01:00.",
);

/** The version, digit by digit as it was written. `timestamp` spaces take RFC 3339 as well, which becomes microseconds. */
export function readVersion({ value, text, path }: FoundVersion, spaceKind: SpaceKind): Version | null | Rejected {
  if (spaceKind === "none") return null;
  if (value === undefined || value === null || value === "") return VERSION_MISSING;
  const digits = idText(value) ?? "";
  const version = parseVersion(digits) ?? (spaceKind === "timestamp" ? timestampVersion(digits) : null);
  if (version === null) return spaceKind === "timestamp" ? TIMESTAMP_INVALID : VERSION_INVALID;
  return typeof value === "number" && text !== null && isWrittenAsFraction(text, path) ? VERSION_INVALID : version;
}

/** RFC 3339 as the version of a `timestamp` space: microseconds since 1970. */
export function timestampVersion(text: string): Version | null {
  const digits = rfc3339Digits(text);
  return digits === null ? null : parseVersion(digits);
}

/** Whether reading ended with a rejection. */
export function isRejected(read: Version | null | Rejected): read is Rejected {
  return typeof read === "object" && read !== null;
}
