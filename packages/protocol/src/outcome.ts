/** What a bust did to one entry (`protocol.md` section 5). */
export const bustOutcomes = ["removed", "softened", "absent", "covered", "unversioned"] as const;
/**
 * `removed`: it was there, not newer, and is gone. `softened`: it is marked stale. `absent`: nothing was there.
 * `covered`: what is there is new enough. `unversioned`: its version cannot be read; it is removed, or kept where the
 * family says `onUnversioned: keep`.
 */
export type BustOutcome = (typeof bustOutcomes)[number];

/**
 * What a bust did to one tag. `pending`: its floor stands and the walk is on the list. `bumped`: its epoch has a new
 * generation. `covered`: it was done before.
 */
export type TagOutcome = "pending" | "bumped" | "covered";

/** How a record ended (`protocol.md` section 6): exactly one of these. */
export const recordOutcomes = ["applied", "covered", "no_match", "ignored", "dead"] as const;
export type RecordOutcome = (typeof recordOutcomes)[number];

/** Why a record was dead-lettered (`protocol.md` section 7). */
export const deadReasons = [
  "undecodable",
  "unsupported_format",
  "schema_invalid",
  "version_missing",
  "version_invalid",
  "untrusted",
  "rule_error",
  "key_unresolved",
  "too_large",
  "fan_out_exceeded",
] as const;
export type DeadReason = (typeof deadReasons)[number];

/** A record that can never be applied, as a value that walks on to `settle`. Neither text may hold payload data. */
export interface Rejection {
  readonly reason: DeadReason;
  /** What is wrong, in one sentence, without values from the record. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
  /** The rule that failed, `""` when no rule was reached. */
  readonly rule: string;
}
