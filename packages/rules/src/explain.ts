import type { DomainEvent } from "@freshet/protocol";
import { type Condition, type Conditions, conditionsOf } from "./conditions.js";
import { EvaluationFailure } from "./failure.js";
import { Scope } from "./scope.js";
import type { RuleExplanation } from "./types.js";
import { addBustsOf, type Collecting, holds, type ReadyRule } from "./walk.js";

/** Tells for one event, rule by rule, what `map` does with it: the first condition that is false, or the busts. */
export function explainer(rules: readonly ReadyRule[], keysPerEvent: number): (event: DomainEvent) => readonly RuleExplanation[] {
  const ready = rules.map((rule) => ({ rule, conditions: rule.when === null ? null : conditionsOf(rule.when) }));
  return (event) => {
    const scope = new Scope(event);
    return ready.map(({ rule, conditions }) => explainRule(rule, conditions, { scope, busts: null, room: keysPerEvent }));
  };
}

function explainRule(rule: ReadyRule, conditions: Conditions | null, collecting: Collecting): RuleExplanation {
  const { scope } = collecting;
  const no = (because: string): RuleExplanation => ({ rule: rule.name, matched: false, because, busts: [] });
  const { event } = scope;
  if (event.source !== rule.source) return no(`source is ${rule.source}, the event came from ${event.source}`);
  if (!rule.matchesType(event.type)) return no(`types are ${(rule.types ?? []).join(", ")}, the event's type is ${event.type}`);
  if (!rule.ops.has(event.op)) return no(`ops are ${[...rule.ops].join(", ")}, the event's op is ${event.op}`);
  const held = holds(rule, scope);
  if (held === false) return no(whyFalse(conditions, scope));
  if (held !== true) return no(`${held.reason}: ${held.message}`);
  const rejection = addBustsOf(rule, collecting);
  if (rejection !== null) return no(`${rejection.reason}: ${rejection.message}`);
  return { rule: rule.name, matched: true, because: "", busts: collecting.busts ?? [] };
}

/** The first false part of an `&&` chain; of an `||` chain every part is false, so all are named. */
function whyFalse(conditions: Conditions | null, scope: Scope): string {
  if (conditions === null) return "";
  if (conditions.kind === "any") return `none is true: ${conditions.parts.map(({ text }) => `\`${text}\``).join(", ")}`;
  const first = conditions.parts.find((part) => isFalse(part, scope)) ?? conditions.parts[0];
  return `\`${first?.text ?? ""}\` is false`;
}

function isFalse({ program }: Condition, scope: Scope): boolean {
  try {
    return program?.evaluate(scope) === false;
  } catch (error) {
    if (error instanceof EvaluationFailure) return false;
    throw error;
  }
}
