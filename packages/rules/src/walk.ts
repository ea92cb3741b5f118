import { type Bust, type DomainEvent, type JsonValue, limits, type Op, type Rejection, subjectOf } from "@freshet/protocol";
import type { Program } from "./cel.js";
import { EvaluationFailure } from "./failure.js";
import type { BustModel, RuleModel } from "./model.js";
import { canReachOwnKeys } from "./own-keys.js";
import { typeMatcher } from "./pattern.js";
import { type CelValue, celValue, type Scope } from "./scope.js";

/** A rule as the hot path wants it. */
export interface ReadyRule {
  readonly name: string;
  /** The name in a list, for the many events that match no other rule. */
  readonly alone: readonly string[];
  readonly source: string;
  readonly ops: ReadonlySet<Op>;
  readonly types: readonly string[] | null;
  readonly matchesType: (type: string) => boolean;
  readonly when: Program | null;
  readonly busts: readonly ReadyBust[];
}

/** A bust that only lacks its parameters. */
export interface ReadyBust {
  readonly forEach: Program | null;
  readonly parameters: readonly Program[];
  readonly names: readonly string[];
  readonly make: (values: readonly string[], event: DomainEvent) => Bust | Unmade;
}

/** Why there is no key or tag: it would be too long or is no text, or it is one of Freshet's own. */
type Unmade = "unfit" | "own";

/** `prefix`: before each of Freshet's own keys, which no rule busts; `null` for the rules that may. */
export function readyRule(rule: RuleModel, prefix: string | null): ReadyRule {
  return {
    name: rule.name,
    alone: [rule.name],
    source: rule.source?.spec.name ?? "",
    ops: rule.ops,
    types: rule.types,
    matchesType: rule.types === null ? () => true : typeMatcher(rule.types),
    when: rule.when,
    busts: rule.busts.map((bust) => readyBust(bust, rule, prefix)),
  };
}

function readyBust({ target, mode, forEach, parameters }: BustModel, rule: RuleModel, prefix: string | null): ReadyBust {
  const spaceKind = rule.source?.spec.spaceKind ?? "counter";
  const template = "family" in target ? target.family.template : target.tag.template;
  const from = rule.name;
  return { forEach, parameters: [...parameters.values()], names: template.parameters, make: "family" in target ? keys() : tags() };

  function keys(): ReadyBust["make"] {
    const model = (target as Extract<BustModel["target"], { family: unknown }>).family;
    const { render, family, template: own } = model;
    const ownStart = canReachOwnKeys(model, prefix) ? prefix : null;
    return (values, event) => {
      const key = render(values);
      if (key === null) return "unfit";
      if (ownStart !== null && key.startsWith(ownStart)) return "own";
      const subject = subjectOf(event.space, event.subject);
      const bust = {
        target: "key",
        key,
        family: family.name,
        entry: family.entry,
        subject,
        version: event.version,
        spaceKind,
        mode,
        rule: from,
      } as const;
      if (family.versionKeyFor === null) return bust;
      const versionKey = family.versionKeyFor(new Map(own.parameters.map((name, at) => [name, values[at] ?? ""])));
      if (versionKey === null) return "unfit";
      return ownStart !== null && versionKey.startsWith(ownStart) ? "own" : { ...bust, versionKey };
    };
  }
  function tags(): ReadyBust["make"] {
    const {
      render,
      kind,
      tag: { spec },
    } = (target as Extract<BustModel["target"], { tag: unknown }>).tag;
    return (values, event) => {
      const tag = render(values);
      if (tag === null) return "unfit";
      const subject = subjectOf(event.space, event.subject);
      return { target: kind === "epoch" ? "epoch" : "tag", tag, spec, subject, version: event.version, spaceKind, mode, rule: from };
    };
  }
}

/** Whether the rule's `when` holds, or why that cannot be said. */
export function holds(rule: ReadyRule, scope: Scope): boolean | Rejection {
  if (rule.when === null) return true;
  try {
    const value = rule.when.evaluate(scope);
    if (typeof value === "boolean") return value;
    return ruleError(rule, "its `when` is neither true nor false");
  } catch (error) {
    return ruleError(rule, failureText(error, "`when`"));
  }
}

/** What the busts of an event are collected in. */
export interface Collecting {
  readonly scope: Scope;
  /** `null` for none yet. Most events get one: a list is made as long as it has to be, and an empty one that grows takes room for 17. */
  busts: Bust[] | null;
  /** How many busts there may be at most. */
  readonly room: number;
}

/** Adds every bust of a rule that matched; answers with the reason when one of them cannot be made. */
export function addBustsOf(rule: ReadyRule, collecting: Collecting): Rejection | null {
  for (const bust of rule.busts) {
    const rejection = addBusts(bust, rule, collecting);
    if (rejection !== null) return rejection;
  }
  return null;
}

function addBusts(bust: ReadyBust, rule: ReadyRule, collecting: Collecting): Rejection | null {
  const { scope, room } = collecting;
  const count = collecting.busts?.length ?? 0;
  if (bust.forEach === null) return count >= room ? tooMany(rule, room) : addBust(bust, rule, collecting);
  const items = itemsOf(bust.forEach, rule, scope);
  if ("reason" in items) return items;
  if (count + items.length > room) return tooMany(rule, room);
  for (let at = 0; at < items.length; at++) {
    scope.item = items.itemAt(at);
    const rejection = addBust(bust, rule, collecting);
    if (rejection !== null) return rejection;
  }
  return null;
}

/** A list that was not made for CEL yet: how long it is comes first. */
interface Items {
  readonly length: number;
  readonly itemAt: (at: number) => CelValue;
}

function itemsOf({ raw, evaluate }: Program, rule: ReadyRule, scope: Scope): Items | Rejection {
  try {
    const list: unknown = raw === null ? evaluate(scope) : raw(scope);
    if (!Array.isArray(list)) return ruleError(rule, "its `forEach` is not a list");
    const items: readonly unknown[] = list;
    const itemAt = raw === null ? (at: number) => items[at] as CelValue : (at: number) => celValue(items[at] as JsonValue);
    return { length: items.length, itemAt };
  } catch (error) {
    return ruleError(rule, failureText(error, "`forEach`"));
  }
}

function addBust(bust: ReadyBust, rule: ReadyRule, collecting: Collecting): Rejection | null {
  const { scope } = collecting;
  const values = new Array<string>(bust.parameters.length); // as long as it gets: one that grows takes room for seventeen
  for (let at = 0; at < values.length; at++) {
    const name = bust.names[at] ?? "";
    let value: unknown;
    try {
      value = bust.parameters[at]?.evaluate(scope);
    } catch (error) {
      return ruleError(rule, failureText(error, `parameter \`${name}\``));
    }
    const text = typeof value === "string" ? value : typeof value === "bigint" ? value.toString() : "";
    if (text === "") return unresolved(rule, `its parameter \`${name}\` is ${kindOf(value)}`);
    values[at] = text;
  }
  const made = bust.make(values, scope.event);
  if (made === "unfit")
    return unresolved(
      rule,
      `the key is longer than ${limits.keyBytesMax} bytes, not valid Unicode, or by its braces leaves no place in its slot for the key that belongs to it`,
    );
  if (made === "own") return ownKey(rule);
  if (collecting.busts === null) collecting.busts = [made];
  else collecting.busts.push(made);
  return null;
}

function failureText(error: unknown, where: string): string {
  return `${where} cannot be evaluated: ${error instanceof EvaluationFailure ? error.message : "unknown reason"}`;
}

function ruleError(rule: ReadyRule, what: string): Rejection {
  const fix = "Ask with has(…) before reading a field that may be missing, or mend the producer; `freshet rules explain` shows the step.";
  return { reason: "rule_error", message: `rule ${rule.name}: ${what}`, fix, rule: rule.name };
}

function unresolved(rule: ReadyRule, what: string): Rejection {
  const fix = "Parameters are texts that are not empty, or integers; guard the rule with a `when`, or mend the producer.";
  return { reason: "key_unresolved", message: `rule ${rule.name}: ${what}`, fix, rule: rule.name };
}

function ownKey(rule: ReadyRule): Rejection {
  const fix = "Begin the family's key with a text of its own, guard the rule with a `when`, or mend the producer.";
  return { reason: "key_unresolved", message: `rule ${rule.name}: the key is one of Freshet's own`, fix, rule: rule.name };
}

/** One event may not bust more keys than the limit. */
function tooMany(rule: ReadyRule, room: number): Rejection {
  const fix = "Give the entries a tag and bust the tag instead of each key, or raise `limits: { keysPerEvent }` in the rules file.";
  return {
    reason: "fan_out_exceeded",
    message: `the event busts more than ${room} keys at rule ${rule.name}`,
    fix,
    rule: rule.name,
  };
}

/** What a value is, without the value. */
function kindOf(value: unknown): string {
  if (value === "") return "empty";
  if (value === null) return "null";
  if (typeof value === "boolean") return "true or false";
  if (typeof value === "number") return "a fraction";
  return Array.isArray(value) ? "a list" : "a map";
}
