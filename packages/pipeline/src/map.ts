import type { Bust, Decoded, KeyBust, Rejection } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";

/** What a record asks for. `busts` may be empty: a rule matched, but there was nothing to bust. */
export type Mapped =
  | { readonly kind: "busts"; readonly busts: readonly KeyBust[] }
  | { readonly kind: "no_match" }
  | { readonly kind: "ignored" }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

/** The second arrow: the busts of every rule that matches an event, or the one reason for which none of them is sent. */
export function map(decoded: Decoded, rules: CompiledRules): Mapped {
  if (decoded.kind !== "event") return decoded;
  const mapped = rules.map(decoded.event);
  if (mapped.kind === "rejected") return mapped;
  if (mapped.busts.length === 0) return { kind: "no_match" };
  return { kind: "busts", busts: mapped.busts.every(isKeyBust) ? mapped.busts : mapped.busts.filter(isKeyBust) };
}

/** Rules that bust tags never get here yet: `run` refuses them. */
function isKeyBust(bust: Bust): bust is KeyBust {
  return bust.target === "key";
}
