import type { Bust, Decoded, Rejection } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";

/** What a record asks for. `busts` may be empty: a rule matched, but there was nothing to bust. */
export type Mapped =
  | { readonly kind: "busts"; readonly busts: readonly Bust[] }
  | { readonly kind: "no_match" }
  | { readonly kind: "ignored" }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

/** The second arrow: the busts of every rule that matches an event, or the one reason for which none of them is sent. */
export function map(decoded: Decoded, rules: CompiledRules): Mapped {
  if (decoded.kind !== "event") return decoded;
  const mapped = rules.map(decoded.event);
  if (mapped.kind === "rejected") return mapped;
  return mapped.busts.length === 0 ? NO_MATCH : mapped;
}

const NO_MATCH: Mapped = Object.freeze({ kind: "no_match" });
