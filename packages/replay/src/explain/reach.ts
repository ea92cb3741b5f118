import { subjectOf } from "@freshet/protocol";
import type { CompiledRules, Family, ReachTarget, RuleReach, TagUse } from "@freshet/rules";
import type { ReachReport } from "./explanation.js";

type Values = ReadonlyMap<string, string>;

/** A tag that entries under the key carry, or would: as the family says it, or as the entry has it. */
export interface TagOfKey {
  readonly tag: string;
  /** Of its declaration, `""` when there is none. */
  readonly name: string;
  readonly kind: "swept" | "epoch";
  /** The tag's own parameters; none where only the entry says that it carries the tag. */
  readonly values: readonly Values[];
}

/** What leads from a key back to the rules. */
export interface KeyReach {
  readonly key: string;
  readonly family: Family;
  /** The parameters of the key; several where the template does not tell. */
  readonly readings: readonly Values[];
  readonly tags: readonly TagOfKey[];
}

/** What the rules file alone says of a key: its parameters, and the tags that its entries get. */
export function keyReach(key: string, family: Family, rules: CompiledRules): KeyReach {
  const readings = family.valuesOf(key);
  const found = new Map<string, TagOfKey>();
  for (const [uses, kind] of [[family.tags, "swept"] as const, [family.epochs, "epoch"] as const]) {
    for (const use of uses) for (const tag of tagsOfUse(use, kind, { readings, rules })) found.set(tag.tag, tag);
  }
  return { key, family, readings, tags: [...found.values()] };
}

interface Known {
  readonly readings: readonly Values[];
  readonly rules: CompiledRules;
}

function tagsOfUse(use: TagUse, kind: TagOfKey["kind"], { readings, rules }: Known): readonly TagOfKey[] {
  const declared = rules.tags.get(use.tag);
  if (declared === undefined) return [];
  return readings.flatMap((reading): TagOfKey[] => {
    const values = new Map(declared.parameters.map((name) => [name, reading.get(use.with.get(name) ?? name) ?? ""]));
    const tag = declared.tagFor(values);
    return tag === null ? [] : [{ tag, name: declared.name, kind, values: [values] }];
  });
}

/** The same with the tags that the entry itself names: a rules file may have changed since it was filled. */
export function withCarried(
  reach: KeyReach,
  carried: { readonly swept: readonly string[]; readonly epochs: readonly string[] },
  rules: CompiledRules,
): KeyReach {
  const known = new Set(reach.tags.map(({ tag }) => tag));
  const added = (tags: readonly string[], kind: TagOfKey["kind"]) =>
    tags.filter((tag) => !known.has(tag)).map((tag): TagOfKey => ({ tag, name: nameOf(tag, kind, rules), kind, values: [] }));
  return { ...reach, tags: [...reach.tags, ...added(carried.swept, "swept"), ...added(carried.epochs, "epoch")] };
}

function nameOf(tag: string, kind: TagOfKey["kind"], rules: CompiledRules): string {
  return [...rules.tags.values()].find((declared) => declared.kind === kind && declared.makes(tag))?.name ?? "";
}

/** The rules that can touch the key or one of its tags, with what an event must have for it. */
export function rulesReaching(reach: KeyReach, rules: CompiledRules): readonly ReachReport[] {
  return rules.reaches.flatMap((rule): ReachReport[] => {
    const busts = rule.targets.flatMap((target) => bustsOf(target, rule, reach));
    if (busts.length === 0) return [];
    const { source, topic, types, ops, when } = rule;
    return [{ rule: rule.rule, source, topic, types: types === null ? null : [...types], ops: [...ops], when, busts }];
  });
}

type BustReport = ReachReport["busts"][number];

function bustsOf(target: ReachTarget, { space }: RuleReach, { key, family, readings, tags }: KeyReach): readonly BustReport[] {
  const { mode, forEach } = target;
  const report = (kind: BustReport["target"], name: string, values: Values): BustReport => {
    const needs = [...target.with].flatMap(([parameter, expression]) => {
      const value = values.get(parameter);
      return value === undefined ? [] : [{ expression, value }];
    });
    const id = needs.find(({ expression }) => expression.trim() === "subject")?.value;
    return { target: kind, name, mode, forEach, needs, subject: id === undefined ? null : subjectOf(space, id) };
  };
  if (target.family === family.name) return readings.map((values) => report("key", key, values));
  return tags
    .filter(({ name }) => name !== "" && name === target.tag)
    .flatMap(({ tag, kind, values }) =>
      (values.length === 0 ? [new Map()] : values).map((some) => report(kind === "epoch" ? "epoch" : "tag", tag, some)),
    );
}

/** The subjects whose events concern the key, as far as rules tell without an event. */
export function subjectsOf(rules: readonly ReachReport[]): ReadonlySet<string> {
  return new Set(rules.flatMap(({ busts }) => busts.flatMap(({ subject }) => subject ?? [])));
}
