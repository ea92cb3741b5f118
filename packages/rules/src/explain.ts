import type { DomainEvent } from "@freshet/protocol";
import type { RuleExplanation } from "./types.js";
import type { ReadyRule } from "./walk.js";
export function explainer(_rules: readonly ReadyRule[]): (event: DomainEvent) => readonly RuleExplanation[] {
  return () => [];
}
