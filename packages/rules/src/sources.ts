import type { FieldRef, Op, SourceSpec } from "@freshet/protocol";
import type { Draft, Located } from "./draft.js";
import type { SourceModel } from "./model.js";
import { patternsMeet, typeMatcher } from "./pattern.js";
import type { Report } from "./report.js";
import type { SourceText } from "./schema.js";

/** The sources of a file, resolved; reports names used twice, missing versions and sources that get nothing. */
export function resolveSources(draft: Draft, report: Report): readonly SourceModel[] {
  const models = draft.sources.map(({ path, text }) => ({ path, text, spec: specOf(text) }));
  const names = new Set<string>();
  for (const source of models) {
    const { name } = source.spec;
    if (names.has(name)) {
      const [place, fix] =
        source.text.name === undefined ? ["topic", "Give both sources of the topic a `name`."] : ["name", "Choose another name."];
      report.at([...source.path, place], { code: "duplicate_name", problem: `there are two sources named \`${name}\``, fix });
    }
    names.add(name);
    checkVersion(source, report);
    checkReachable(source, models, report);
  }
  return models;
}

function checkVersion({ path, text }: Located<SourceText>, report: Report): void {
  if (text.format === "cloudevents") return;
  if (text.version === undefined && text.versions !== "none") {
    const what = text.format === "debezium" ? "column" : "pointer or header";
    const fix = `Name the ${what} with the version, or write \`versions: none\`, which makes every event blind.`;
    report.at(path, { code: "missing_field", problem: "`version` is missing", fix });
  }
  if (text.version !== undefined && text.versions === "none") {
    const problem = "`version` names a version, but `versions: none` says there is none";
    report.at([...path, "version"], { code: "contradiction", problem, fix: "Leave one of the two out." });
  }
}

/** The first source of a topic that matches takes the record, so one behind a source that takes all gets nothing. */
function checkReachable(source: SourceModel, all: readonly SourceModel[], report: Report): void {
  const before = all.slice(0, all.indexOf(source)).filter((other) => other.spec.topic === source.spec.topic);
  const taker = before.find((other) => patternsOf(other).includes("*"));
  if (taker === undefined) return;
  report.at(source.path, {
    code: "never_matches",
    problem: `\`${source.spec.name}\` never gets a record: \`${taker.spec.name}\` takes every record of topic \`${source.spec.topic}\``,
    fix: `Give \`${taker.spec.name}\` a \`match\`, or put it last.`,
  });
}

/** The event types a source takes, as patterns. */
export function patternsOf(source: SourceModel): readonly string[] {
  return source.text.match?.types ?? ["*"];
}

/** Whether an event of a type like `pattern` can come from this source, and which source takes it when not. */
export function takerOf(pattern: string, source: SourceModel, all: readonly SourceModel[]): SourceModel | null {
  const candidates = all.filter((other) => other.spec.topic === source.spec.topic);
  for (const other of candidates) {
    if (other === source) return patternsOf(source).some((own) => patternsMeet(own, pattern)) ? source : null;
    if (!pattern.includes("*") && other.spec.matchesType(pattern)) return other;
  }
  return null;
}

const noTypes: { readonly ops?: Record<string, Op>; readonly previous?: string } = {};

function specOf(text: SourceText): SourceSpec {
  const { ops = {}, previous } = text.format === "debezium" ? noTypes : text;
  return {
    name: text.name ?? text.topic,
    topic: text.topic,
    format: text.format,
    space: text.space,
    spaceKind: text.versions ?? "counter",
    ops: new Map(Object.entries(ops)),
    previous: previous === undefined ? null : pointerPath(previous),
    tenant: text.tenant === undefined ? null : fieldRef(text.tenant),
    matchesType: text.match === undefined ? () => true : typeMatcher(text.match.types),
    strict: text.strict ?? false,
    tombstones: text.tombstones ?? "ignore",
  };
}

function fieldRef(text: string): FieldRef {
  return text.startsWith("header:") ? { from: "header", name: text.slice("header:".length) } : { from: "pointer", path: pointerPath(text) };
}

/** RFC 6901: `/a~1b/c` is the field `c` of the field `a/b`. */
function pointerPath(pointer: string): readonly string[] {
  const steps = pointer.slice(1).split("/");
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
