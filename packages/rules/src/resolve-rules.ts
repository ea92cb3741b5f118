import type { Op } from "@freshet/protocol";
import { compile, type Program } from "./cel.js";
import type { Path } from "./document.js";
import type { BustDraft, Draft, Located, RuleDraft } from "./draft.js";
import { checkParameters } from "./families.js";
import type { BustModel, FamilyModel, Model, RuleModel, SourceModel, TagModel } from "./model.js";
import { suggest } from "./nearest.js";
import type { Report } from "./report.js";
import type { BustText } from "./schema.js";

/** A `truncate` concerns a whole table, so a rule gets it only when it asks for it. */
const defaultOps: readonly Op[] = ["create", "update", "delete", "snapshot"];

type Names = Pick<Model, "sources" | "families" | "tags">;

interface RuleContext {
  readonly draft: Draft;
  readonly names: Names;
  readonly report: Report;
}

/** The rules of a file, with names resolved and expressions compiled. */
export function resolveRules(context: RuleContext): readonly RuleModel[] {
  const { draft, report } = context;
  const seen = new Set<string>();
  return draft.rules.map((rule) => {
    const { name } = rule.text;
    if (name !== "" && seen.has(name)) {
      report.at([...rule.path, "name"], {
        code: "duplicate_name",
        problem: `there are two rules named \`${name}\``,
        fix: "Choose another name.",
      });
    }
    seen.add(name);
    return resolveRule(rule, context);
  });
}

function resolveRule({ path, text, busts }: RuleDraft, context: RuleContext): RuleModel {
  const { when } = text;
  const whenPath = [...path, "when"];
  if (when !== undefined && context.report.file.isUnquoted(whenPath)) {
    const fix = `Write when: '${when.replaceAll("'", "''")}'. Unquoted, YAML may read \`!\`, \`#\` or \`: \` as its own.`;
    context.report.at(whenPath, { code: "expression_unquoted", problem: "`when` is not in quotes", fix });
  }
  return {
    path,
    name: text.name,
    source: sourceNamed(text.source, path, context),
    ops: new Set(text.ops ?? defaultOps),
    opsAreWritten: text.ops !== undefined,
    types: text.types ?? null,
    when: when === undefined ? null : readExpression(when, whenPath, { ...context, item: false, wanted: booleans }),
    busts: busts.flatMap((bust) => resolveBust(bust, context) ?? []),
  };
}

function sourceNamed(name: string, path: Path, { draft, names, report }: RuleContext): SourceModel | null {
  const source = names.sources.find(({ spec }) => spec.name === name);
  if (source !== undefined) return source;
  if (name !== "" && !draft.declared.sources.includes(name)) {
    const fix = suggest(name, draft.declared.sources);
    report.at([...path, "source"], { code: "unknown_source", problem: `there is no source \`${name}\`, so the rule can never match`, fix });
  }
  return null;
}

function resolveBust({ path, text, given }: BustDraft, context: RuleContext): BustModel | null {
  const target = targetOf({ path, text }, context);
  const forEach =
    text.forEach === undefined ? null : readExpression(text.forEach, [...path, "forEach"], { ...context, item: false, wanted: lists });
  const programs = new Map<string, Program>();
  for (const [name, expression] of Object.entries(text.with ?? {})) {
    const place = [...path, "with", name];
    const program = readExpression(expression, place, { ...context, item: text.forEach !== undefined, wanted: parameters });
    if (program !== null) programs.set(name, program);
  }
  if (target === null) return null;
  const wanted = "family" in target ? target.family.template.parameters : target.tag.template.parameters;
  checkParameters(given, wanted, { path, report: context.report });
  const ordered = wanted.flatMap((name): [string, Program][] => {
    const program = programs.get(name);
    return program === undefined ? [] : [[name, program]];
  });
  return { path, target, parameters: new Map(ordered), forEach, mode: text.mode ?? "hard" };
}

function targetOf(
  { path, text }: Located<BustText>,
  { draft, names, report }: RuleContext,
): { family: FamilyModel } | { tag: TagModel } | null {
  if ((text.family === undefined) === (text.tag === undefined)) {
    const problem = text.family === undefined ? "the bust names neither a family nor a tag" : "the bust names both a family and a tag";
    report.at(path, { code: "bust_target", problem, fix: "Write either `family` or `tag`; two targets are two busts." });
  }
  if (text.family !== undefined) {
    const family = names.families.get(text.family);
    if (family !== undefined) return { family };
    if (!draft.declared.families.includes(text.family)) {
      const fix = draft.declared.tags.includes(text.family)
        ? "It is a tag: write `tag` instead of `family`."
        : suggest(text.family, draft.declared.families);
      report.at([...path, "family"], { code: "unknown_family", problem: `there is no family \`${text.family}\``, fix });
    }
  } else if (text.tag !== undefined) {
    const tag = names.tags.get(text.tag);
    if (tag !== undefined) return { tag };
    if (!draft.declared.tags.includes(text.tag)) {
      const fix = draft.declared.families.includes(text.tag)
        ? "It is a family: write `family` instead of `tag`."
        : suggest(text.tag, draft.declared.tags);
      report.at([...path, "tag"], { code: "unknown_tag", problem: `there is no tag \`${text.tag}\``, fix });
    }
  }
  return null;
}

/** What an expression has to give: types of the CEL checker, `dyn` being what only data can tell. */
interface Wanted {
  readonly accepts: (type: string) => boolean;
  readonly words: string;
  readonly fix: string;
}

const booleans: Wanted = {
  accepts: (type) => type === "bool",
  words: "true or false",
  fix: "Compare it with something: data.x == 1, has(data.x).",
};
const lists: Wanted = { accepts: (type) => type.startsWith("list"), words: "a list", fix: "Name a list of the event, such as data.ids." };
const parameters: Wanted = {
  accepts: (type) => type === "string" || type === "int",
  words: "a text or an integer",
  fix: "A key is made of texts and integers: string(x) or int(x) convert.",
};

interface ExpressionContext extends RuleContext {
  readonly item: boolean;
  readonly wanted: Wanted;
}

function readExpression(text: string, path: Path, { item, wanted, report }: ExpressionContext): Program | null {
  const program = compile(text, { item });
  if ("problem" in program) {
    report.atCharacter(path, program.offset, program);
    return null;
  }
  if (program.type === "dyn" || wanted.accepts(program.type)) return program;
  const problem = `the expression gives ${typeWords(program.type)}; \`${String(path.at(-1))}\` needs ${wanted.words}`;
  report.atCharacter(path, 0, { code: "expression_type", problem, fix: wanted.fix });
  return null;
}

function typeWords(type: string): string {
  const kind = type.split("<")[0] ?? type;
  const words: Record<string, string> = {
    bool: "true or false",
    string: "a text",
    int: "an integer",
    double: "a fraction",
    list: "a list",
    map: "a map",
  };
  return words[kind] ?? `a ${kind}`;
}
