import { type Bust, type DomainEvent, type JsonObject, type JsonValue, parseVersion, type SourceSpec } from "@freshet/protocol";
import { z } from "zod";
import { type Path, readYaml } from "./document.js";
import { suggest } from "./nearest.js";
import { Report, type Spot } from "./report.js";
import { readShape } from "./shape.js";
import type { CompiledRules, Finding } from "./types.js";

/** How the tests of one `*.test.yaml` went. */
export interface RuleTestReport {
  /** What is wrong with the test file itself; tests that have a finding are not run. */
  readonly findings: readonly Finding[];
  readonly tests: readonly RuleTestResult[];
}

export interface RuleTestResult {
  readonly name: string;
  readonly line: number;
  readonly passed: boolean;
  /** One line per difference, `- expected` and `+ got`, or the reason for which the event was rejected; empty when passed. */
  readonly difference: readonly string[];
}

const anyMap = z.record(z.string(), z.unknown());
const scalar = z.union([z.string(), z.number(), z.bigint()], { error: "a text or an integer" });
const mode = z.enum(["hard", "soft"]).optional();
const eventSchema = z.strictObject({
  source: z.string().optional(),
  type: z.string().optional(),
  subject: scalar.optional(),
  version: scalar.optional(),
  op: z.enum(["create", "update", "delete", "snapshot", "truncate"]).optional(),
  data: anyMap.optional(),
  previous: anyMap.optional(),
  tenant: z.string().optional(),
  time: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});
const expectSchema = z.strictObject({ key: scalar.optional(), tag: scalar.optional(), epoch: scalar.optional(), mode });
const testSchema = z.strictObject({ name: z.string().min(1), event: eventSchema, expect: z.array(expectSchema) });
const frameSchema = z.strictObject({ tests: z.array(z.unknown()).min(1) });

type EventText = z.infer<typeof eventSchema>;
type ExpectText = z.infer<typeof expectSchema>;

/**
 * Runs the tests of a `*.test.yaml` file against compiled rules. An event needs only the fields its rules read; the
 * busts it makes must be exactly the expected ones. Never throws.
 */
export function runRuleTests(rules: CompiledRules, text: string): RuleTestReport {
  const file = readYaml(text);
  if (!file.readable) return { findings: file.findings, tests: [] };
  const report = new Report(file);
  const frame = readShape(frameSchema, file.data, { path: [], report });
  const tests = (frame?.tests ?? []).flatMap((raw, at) => {
    const runnable = readTest(raw, rules, { path: ["tests", at], report });
    if (runnable === null) return [];
    const { name, event, expect } = runnable;
    return [{ name, line: file.at(["tests", at]).line, ...compare(rules, event, expect) }];
  });
  const findings = [...file.findings, ...report.findings()];
  return { findings: findings.toSorted((a, b) => a.line - b.line || a.column - b.column), tests };
}

interface Runnable {
  readonly name: string;
  readonly event: DomainEvent;
  readonly expect: readonly string[];
}

/** One test, ready to run; `null` when it has findings. */
function readTest(raw: unknown, rules: CompiledRules, { path, report }: Spot): Runnable | null {
  const before = report.count;
  const test = readShape(testSchema, raw, { path, report });
  if (test === null) return null;
  const source = sourceOf(test.event, rules, { path, report });
  const version = test.event.version === undefined ? null : parseVersion(String(test.event.version));
  if (test.event.version !== undefined && version === null) {
    const problem = "`version` is not a version";
    report.at([...path, "event", "version"], {
      code: "malformed_value",
      problem,
      fix: "Write digits without sign or leading zeros, at most 20.",
    });
  }
  const expect = test.expect.map((item, at) => expected(item, [...path, "expect", at], report));
  if (source === null || report.count > before) return null;
  return { name: test.name, event: { ...eventOf(test.event, source), version }, expect };
}

/** The named source, or the only one there is. */
function sourceOf(event: EventText, rules: CompiledRules, { path, report }: Spot): SourceSpec | null {
  const sources = rules.topics.flatMap(rules.sourcesOf);
  const [only] = sources;
  if (event.source === undefined && sources.length === 1 && only !== undefined) return only;
  const names = sources.map(({ name }) => name);
  if (event.source === undefined) {
    const fix = `Add \`source\`: ${names.join(" | ")}.`;
    report.at([...path, "event"], { code: "missing_field", problem: "the rules have several sources and the event names none", fix });
    return null;
  }
  const source = sources.find(({ name }) => name === event.source);
  if (source !== undefined) return source;
  const problem = `there is no source \`${event.source}\``;
  report.at([...path, "event", "source"], { code: "unknown_source", problem, fix: suggest(event.source, names) });
  return null;
}

function eventOf(text: EventText, source: SourceSpec): DomainEvent {
  const type = text.type ?? "";
  return {
    id: "",
    space: source.space,
    subject: String(text.subject ?? ""),
    version: null,
    op: text.op ?? source.ops.get(type) ?? "update",
    type,
    source: source.name,
    timeUs: null,
    time: text.time ?? "",
    tenant: text.tenant ?? null,
    data: jsonObject(text.data ?? {}),
    previous: jsonObject(text.previous ?? {}),
    headers: text.headers ?? {},
    trace: null,
  };
}

function jsonObject(map: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, jsonValue(value)]));
}

function jsonValue(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === "object" && value !== null) return jsonObject({ ...value });
  const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
  return isPlain ? value : null;
}

/** An expected bust as one line: `hard key product:42`. */
function expected(item: ExpectText, path: Path, report: Report): string {
  const targets = (["key", "tag", "epoch"] as const).filter((target) => item[target] !== undefined);
  const [target = "key"] = targets;
  if (targets.length !== 1) {
    const problem = targets.length === 0 ? "the bust names no target" : "the bust names more than one target";
    report.at(path, { code: "bust_target", problem, fix: "Write one of `key`, `tag` and `epoch`." });
  }
  return line(item.mode ?? "hard", target, String(item[target] ?? ""));
}

function compare(rules: CompiledRules, event: DomainEvent, expect: readonly string[]): Pick<RuleTestResult, "passed" | "difference"> {
  const result = rules.map(event);
  if (result.kind === "rejected") {
    const { reason, message, fix } = result.rejection;
    return { passed: false, difference: [`rejected as ${reason}: ${message}`, fix] };
  }
  const got = new Set(result.busts.map(lineOf));
  const wanted = new Set(expect);
  const missing = [...wanted].filter((bust) => !got.has(bust)).map((bust) => `- ${bust}`);
  const surplus = [...got].filter((bust) => !wanted.has(bust)).map((bust) => `+ ${bust}`);
  return { passed: missing.length + surplus.length === 0, difference: [...missing, ...surplus] };
}

function lineOf(bust: Bust): string {
  return bust.target === "key" ? line(bust.mode, "key", bust.key) : line(bust.mode, bust.target, bust.tag);
}

function line(busted: string, target: string, name: string): string {
  return `${busted} ${target} ${name}`;
}
