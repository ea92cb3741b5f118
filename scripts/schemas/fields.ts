import { parseVersion, type Version } from "@freshet/protocol";
import { z } from "zod";

/** A version as text; the pattern is the one `parseVersion` checks. */
export const version = z
  .custom<Version>((value) => typeof value === "string" && parseVersion(value) !== null)
  .meta({ type: "string", pattern: "^(?:0|[1-9][0-9]{0,19})$", description: "Canonical decimal digits, never a number." });

export const op = z.enum(["create", "update", "delete", "snapshot", "truncate"]);

export const mode = z.enum(["hard", "soft"]).meta({ description: "Hard removes, soft marks stale." });

export const offset = z.int().nonnegative();

/** RFC 3339 in UTC, as `Date.prototype.toISOString` writes it. */
export const instant = z.iso.datetime();
