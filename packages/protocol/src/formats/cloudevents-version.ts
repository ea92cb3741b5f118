import { type Decoded, rejected } from "../decoded.js";
import type { JsonValue } from "../event.js";
import { limits } from "../limits.js";
import type { SourceSpec } from "../source.js";
import { parseVersion, type Version } from "../version.js";
import { idText } from "./connect-json.js";
import { TIMESTAMP_INVALID, timestampVersion } from "./read-version.js";

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
  const text = idText(raw) ?? "";
  const version = parseVersion(text) ?? (source.spaceKind === "timestamp" ? timestampVersion(text) : null);
  if (version !== null) return version;
  if (source.spaceKind === "timestamp") return TIMESTAMP_INVALID;
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
