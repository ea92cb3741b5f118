import type { FieldRef, Op, SourceReads, SourceSpec } from "@freshet/protocol";
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
    checkMatch(source, report);
    checkVersion(source, report);
    checkSpace(source, models, report);
    checkType(source, report);
    checkFormat(source, models, report);
    checkReachable(source, models, report);
  }
  return models;
}

function checkMatch({ path, text }: Located<SourceText>, report: Report): void {
  if (text.match?.tenants === undefined || text.tenant !== undefined) return;
  const fix = "Add `tenant: header:NAME` or a pointer to the source: nothing else is believed.";
  const problem = "`tenants` goes by the tenant, but nothing says where it is";
  report.at([...path, "match", "tenants"], { code: "missing_field", problem, fix });
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

/** Versions of one space are compared with each other: a counter of rows is below every time. */
function checkSpace({ path, spec }: SourceModel, all: readonly SourceModel[], report: Report): void {
  const isOther = (other: SourceSpec): boolean =>
    other.space === spec.space && other.spaceKind !== spec.spaceKind && other.spaceKind !== "none";
  const first =
    spec.spaceKind === "none"
      ? undefined
      : all
          .slice(
            0,
            all.findIndex((one) => one.path === path),
          )
          .find((one) => isOther(one.spec));
  if (first === undefined) return;
  report.at([...path, "space"], {
    code: "mixed_versions",
    problem: `space \`${spec.space}\` has versions of kind ${first.spec.spaceKind} and ${spec.spaceKind}, which are compared with each other`,
    fix: "Let both sources have one kind of `versions`, or give each a `space` of its own.",
  });
}

/** Documents have their type where the source says, and nowhere else. */
function checkType({ path, text }: Located<SourceText>, report: Report): void {
  if (text.format !== "json" || text.type !== undefined) return;
  const place = text.match?.types !== undefined ? "match" : "ops";
  if (text[place] === undefined) return;
  report.at([...path, place], {
    code: "missing_field",
    problem: `\`${place}\` goes by event types, but nothing says where the type is`,
    fix: "Add `type: /pointer` or `type: header:NAME` to the source.",
  });
}

/** A record is read by the format of its topic before it is known which source takes it. */
function checkFormat(source: SourceModel, all: readonly SourceModel[], report: Report): void {
  const { topic, format, encoding } = source.spec;
  const first = all.find((other) => other.spec.topic === topic);
  if (first === undefined) return;
  if (first.spec.encoding !== encoding) {
    report.at(source.text.encoding === undefined ? source.path : [...source.path, "encoding"], {
      code: "mixed_formats",
      problem: `topic \`${topic}\` has sources of two encodings`,
      fix: `Write \`encoding: ${first.spec.encoding ?? "plain"}\`: values without a frame are read as they are.`,
    });
  }
  if (first.spec.format === format) return;
  report.at([...source.path, "format"], {
    code: "mixed_formats",
    problem: `topic \`${topic}\` has sources of format ${first.spec.format} and ${format}`,
    fix: `Write \`format: ${first.spec.format}\`, or send the other records to a topic of their own.`,
  });
}

/** The first source of a topic that matches takes the record, so one behind a source that takes all gets nothing. */
function checkReachable(source: SourceModel, all: readonly SourceModel[], report: Report): void {
  const before = all.slice(0, all.indexOf(source)).filter((other) => other.spec.topic === source.spec.topic);
  const taker = before.find((other) => patternsOf(other).includes("*") && other.text.match?.tenants === undefined);
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
    if (!pattern.includes("*") && other.spec.matchesType(pattern) && other.text.match?.tenants === undefined) return other;
  }
  return null;
}

function tenantMatcher(patterns: readonly string[]): (tenant: string | null) => boolean {
  const matches = typeMatcher(patterns);
  return (tenant) => tenant !== null && matches(tenant);
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
    matchesType: text.match?.types === undefined ? () => true : typeMatcher(text.match.types),
    ...(text.match?.tenants === undefined ? {} : { matchesTenant: tenantMatcher(text.match.tenants) }),
    strict: text.strict ?? false,
    tombstones: text.tombstones ?? "ignore",
    ...(text.canary === true ? { canary: text.canary } : {}),
    ...(text.encoding === "registry" ? { encoding: text.encoding } : {}),
    ...readsOf(text),
  };
}

/** What a format that says nothing about itself is told. */
function readsOf(text: SourceText): { readonly reads?: SourceReads } {
  if (text.format === "cloudevents") return {};
  if (text.format === "debezium") {
    const { id, version, replicaIdentity = "default" } = text;
    return {
      reads: { id: id.map(columnRef), version: version === undefined ? null : columnRef(version), type: null, time: null, replicaIdentity },
    };
  }
  const ref = (reference: string | undefined): FieldRef | null => (reference === undefined ? null : fieldRef(reference));
  const id = text.format === "json" ? text.id.map(fieldRef) : [];
  return { reads: { id, version: ref(text.version), type: ref(text.type), time: ref(text.time), replicaIdentity: "default" } };
}

function columnRef(name: string): FieldRef {
  return { from: "pointer", path: [name] };
}

function fieldRef(text: string): FieldRef {
  return text.startsWith("header:") ? { from: "header", name: text.slice("header:".length) } : { from: "pointer", path: pointerPath(text) };
}

/** RFC 6901: `/a~1b/c` is the field `c` of the field `a/b`. */
function pointerPath(pointer: string): readonly string[] {
  const steps = pointer.slice(1).split("/");
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
