import type { Op } from "@freshet/protocol";
import type { ASTNode } from "@marcbachmann/cel-js";
import { nodesOf, type Program } from "./cel.js";
import { conditionsOf } from "./conditions.js";
import { constantOf } from "./constant.js";
import type { Path } from "./document.js";
import type { BustModel, FamilyModel, Model, RuleModel, SourceModel, TagModel } from "./model.js";
import { nearest, suggest } from "./nearest.js";
import { canMakeSameKey, isAmbiguous } from "./overlap.js";
import { defaultPrefix, literalStart } from "./own-keys.js";
import { isWild, patternsMeet } from "./pattern.js";
import type { Report } from "./report.js";
import { patternsOf, takerOf } from "./sources.js";
import type { Template } from "./template.js";

/** What is wrong with parts that are right each by itself: rules that never match, keys that collide, busts that cannot be. */
export function lint(model: Model, { prefix, report }: { readonly prefix: string | null; readonly report: Report }): void {
  lintKeys(model, report);
  if (prefix !== null) lintOwnKeys(model, prefix, report);
  for (const rule of model.rules) {
    lintReach(rule, model.sources, report);
    lintWhen(rule, report);
    lintKnown(rule, report);
    for (const bust of rule.busts) lintBust(bust, rule, report);
  }
}

/** Which ops events of a source can have, of these types or of all. */
function possibleOps({ text, spec }: SourceModel, types: readonly string[] | null): ReadonlySet<Op> {
  if (text.format === "debezium") return new Set(["create", "update", "delete", "snapshot", "truncate"]);
  const possible = new Set<Op>(spec.tombstones === "delete" ? ["delete"] : []);
  for (const pattern of types ?? ["*"]) {
    for (const [type, op] of spec.ops) if (patternsMeet(pattern, type)) possible.add(op);
    if (isWild(pattern) || !spec.ops.has(pattern)) possible.add("update");
  }
  return possible;
}

function lintReach(rule: RuleModel, sources: readonly SourceModel[], report: Report): void {
  const { source } = rule;
  if (source === null) return;
  const { name } = source.spec;
  (rule.types ?? []).forEach((type, at) => {
    const taker = takerOf(type, source, sources);
    if (taker === source) return;
    const place = [...rule.path, "types", at];
    if (taker !== null) {
      const fix = `Write \`source: ${taker.spec.name}\`, or change the order of the sources.`;
      report.at(place, { code: "never_matches", problem: `\`${type}\` of this topic goes to source \`${taker.spec.name}\``, fix });
      return;
    }
    const exact = patternsOf(source).filter((pattern) => !isWild(pattern));
    const near = nearest(type, exact);
    const fix =
      near === null
        ? `The source takes ${patternsOf(source).join(", ")}: correct the type, or widen its \`match\`.`
        : `Did you mean \`${near}\`?`;
    report.at(place, { code: "never_matches", problem: `source \`${name}\` takes no events of type \`${type}\``, fix });
  });
  const possible = possibleOps(source, rule.types);
  if ([...rule.ops].some((op) => possible.has(op))) return;
  const among = [...possible].join(", ");
  report.at(rule.opsAreWritten ? [...rule.path, "ops"] : rule.path, {
    code: "never_matches",
    problem: `the rule wants ${[...rule.ops].join(", ")}, but its events are always ${among}`,
    fix: rule.opsAreWritten ? `Write ops that come: ${among}; or extend \`ops\` of source \`${name}\`.` : `Write \`ops: [${among}]\`.`,
  });
}

function lintWhen({ path, when }: RuleModel, report: Report): void {
  if (when === null) return;
  const place = [...path, "when"];
  lintOps(when, place, report);
  const { kind, parts } = conditionsOf(when);
  const impossible = parts.filter((part) => part.program !== null && constantOf(part.program) === false);
  const never = constantOf(when) === false ? { offset: 0, text: when.text } : kind === "all" ? impossible[0] : undefined;
  if (never !== undefined) {
    const fix = "Leave the rule out, or correct the condition.";
    report.atCharacter(place, never.offset, { code: "never_matches", problem: `\`${never.text}\` is never true`, fix });
  }
}

/** `op == "deleted"` is never true: the ops are few and known. */
function lintOps(when: Program, place: Path, report: Report): void {
  for (const node of nodesOf(when.node)) {
    if (node.op !== "==" && node.op !== "!=" && node.op !== "in") continue;
    const [left, right] = node.args;
    const other = isOp(left) ? right : isOp(right) ? left : null;
    for (const literal of other?.op === "list" ? other.args : [other]) {
      if (literal?.op !== "value" || typeof literal.args !== "string" || ops.includes(literal.args)) continue;
      const problem = `\`${literal.args}\` is not an op`;
      report.atCharacter(place, literal.range.start, { code: "unknown_value", problem, fix: suggest(literal.args, ops) });
    }
  }
}

const ops: readonly string[] = ["create", "update", "delete", "snapshot", "truncate"] satisfies readonly Op[];

function isOp(node: ASTNode): boolean {
  return node.op === "id" && node.args === "op";
}

/** Variables that a source never sets make every one of its events fail. */
function lintKnown({ path, source, when, busts }: RuleModel, report: Report): void {
  if (source === null) return;
  const check = (reads: ReadonlySet<string> | undefined, place: Path): void => {
    if (reads?.has("tenant") === true && source.text.tenant === undefined) {
      const fix = `Add \`tenant: header:NAME\` or a pointer to source \`${source.spec.name}\`.`;
      report.at(place, { code: "never_known", problem: `source \`${source.spec.name}\` does not say where the tenant is`, fix });
    }
    if (reads?.has("version") === true && source.spec.spaceKind === "none") {
      const problem = `events of source \`${source.spec.name}\` have no version`;
      report.at(place, { code: "never_known", problem, fix: "Do not use `version`, or declare how the source is versioned." });
    }
    if (reads?.has("previous") === true && source.text.format === "debezium" && source.text.replicaIdentity !== "full") {
      const problem = `source \`${source.spec.name}\` knows no row before a change: its table logs only the key`;
      const fix = "Do not use `previous`, or log whole rows (ALTER TABLE … REPLICA IDENTITY FULL) and say `replicaIdentity: full`.";
      report.at(place, { code: "never_known", problem, fix });
    }
  };
  check(when?.reads, [...path, "when"]);
  for (const bust of busts) {
    check(bust.forEach?.reads, [...bust.path, "forEach"]);
    for (const [name, program] of bust.parameters) check(program.reads, [...bust.path, "with", name]);
  }
}

function lintBust({ path, target, mode, parameters }: BustModel, rule: RuleModel, report: Report): void {
  if (mode === "soft" && "family" in target && target.family.entry.kind !== "managed") {
    const problem = `entries of kind ${target.family.entry.kind} cannot be marked stale`;
    report.at([...path, "mode"], { code: "soft_unmanaged", problem, fix: "Leave `mode: soft` out; only managed entries have soft busts." });
  }
  if (rule.ops.has("truncate") && !("tag" in target && target.tag.kind === "epoch")) {
    const [place, what] = "tag" in target ? ["tag", "a swept tag"] : ["family", "a family"];
    const problem = `the rule gets \`truncate\`, which concerns a whole table, but busts ${what}`;
    report.at([...path, place], { code: "truncate_target", problem, fix: "Bust an epoch tag, or move `truncate` to a rule of its own." });
  }
  for (const [name, program] of parameters) {
    if (constantOf(program) !== "") continue;
    report.at([...path, "with", name], {
      code: "expression_type",
      problem: "the parameter is always empty",
      fix: "Parameters are texts that are not empty.",
    });
  }
}

interface Keyed {
  readonly owner: string;
  readonly path: Path;
  readonly template: Template;
}

function lintKeys({ families, tags }: Model, report: Report): void {
  const keys = [...families.values()].flatMap(keysOf);
  lintCollisions(keys, report);
  for (const kind of ["swept", "epoch"] as const) {
    lintCollisions([...tags.values()].filter((tag) => tag.kind === kind).map(keyOfTag), report);
  }
  for (const { path, template } of [...keys, ...[...tags.values()].map(keyOfTag)]) {
    if (template.escape === "none" || !isAmbiguous(template)) continue;
    report.at(path, {
      code: "template_ambiguous",
      problem: `different parameters can make the same key: nothing between them is sure to end ${template.parameters.map((name) => `{${name}}`).join(" or ")}`,
      fix: "Put a `:` between parameters; it never occurs in one.",
    });
  }
}

/** Busts of Freshet's own keys would take floors, tags and pending sweeps away. */
function lintOwnKeys({ families }: Model, prefix: string, report: Report): void {
  for (const { path, template } of [...families.values()].flatMap(keysOf)) {
    const own = [prefix, defaultPrefix].find((one) => literalStart(template).startsWith(one));
    if (own === undefined) continue;
    report.at(path, {
      code: "own_keys",
      problem: `keys that begin with \`${own}\` are Freshet's own, and no rule may bust them`,
      fix: "Let the key begin with something else; where readers cannot change, set FRESHET_REDIS_PREFIX to another prefix than `fr:` and theirs.",
    });
  }
}

function keysOf({ path, template, companion, family }: FamilyModel): Keyed[] {
  const own = { owner: family.name, path: [...path, "key"], template };
  return companion === null ? [own] : [own, { owner: family.name, path: [...path, "entry", "companion"], template: companion }];
}

function keyOfTag({ path, name, template }: TagModel): Keyed {
  return { owner: name, path: [...path, "key"], template };
}

function lintCollisions(keys: readonly Keyed[], report: Report): void {
  keys.forEach((key, at) => {
    const other = keys.slice(0, at).find((earlier) => earlier.owner !== key.owner && canMakeSameKey(earlier.template, key.template));
    if (other === undefined) return;
    report.at(key.path, {
      code: "template_collision",
      problem: `\`${key.owner}\` (\`${key.template.text}\`) and \`${other.owner}\` (\`${other.template.text}\`) can make the same key`,
      fix: "Start each with a word of its own, such as `name:`, before the first parameter.",
    });
  });
}
