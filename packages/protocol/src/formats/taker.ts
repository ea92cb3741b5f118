import { type Decoded, rejected } from "../decoded.js";
import type { SourceSpec } from "../source.js";

const UNTRUSTED = rejected(
  "untrusted",
  "no source of this topic takes events of this type",
  "Add the type to `match.types` of a source, or stop sending it here.",
);
const NO_MATCH: Decoded = { kind: "no_match" };

/** What becomes of a record that no source of its topic takes. */
export function nobodyTakes(sources: readonly SourceSpec[]): Decoded {
  return sources.some((source) => source.strict) ? UNTRUSTED : NO_MATCH;
}
