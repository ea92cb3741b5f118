import { type Decoded, rejected } from "../decoded.js";
import type { SourceSpec } from "../source.js";

const UNTRUSTED = rejected(
  "untrusted",
  "no source of this topic takes events of this type",
  "Add the type to `match.types` of a source, or stop sending it here.",
);
const STRANGER = rejected(
  "untrusted",
  "no source of this topic is trusted with events of this type and tenant",
  "Add the tenant to `match.tenants` of a source, or stop sending it here.",
);
const NO_MATCH: Decoded = { kind: "no_match" };

/** What becomes of a record that no source of its topic takes. */
export function nobodyTakes(sources: readonly SourceSpec[]): Decoded {
  return sources.some((source) => source.strict) ? UNTRUSTED : NO_MATCH;
}

/** The same, where a source took its type and is not trusted with its tenant. */
export function nobodyTrusts(sources: readonly SourceSpec[]): Decoded {
  return sources.some((source) => source.strict) ? STRANGER : NO_MATCH;
}
