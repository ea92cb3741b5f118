import { dirname, join } from "node:path";
import { type Finding, type RuleTestResult, runRuleTests } from "@freshet/rules";
import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { readInput } from "../read-input.js";
import { count, findingText, readRules } from "../rules-file.js";

export interface RulesTestOptions {
  readonly files: readonly string[];
  /** The rules file; without it `FRESHET_RULES`, else `rules.yaml` beside each test file. */
  readonly rules?: string;
  readonly json: boolean;
}

interface FileReport {
  readonly file: string;
  readonly rules: string;
  readonly findings: readonly Finding[];
  readonly tests: readonly RuleTestResult[];
}

/** Runs rule tests. A failing test and a test file that is wrong both count as findings. */
export async function rulesTest(io: Io, deps: Deps, options: RulesTestOptions): Promise<ExitCode> {
  const reports: FileReport[] = [];
  for (const file of options.files) reports.push(await runFile(file, deps, options));
  const tests = reports.flatMap((report) => report.tests);
  const failed = tests.filter((test) => !test.passed);
  const findings = reports.flatMap((report) => report.findings);
  if (options.json) outJson(io, { passed: tests.length - failed.length, failed: failed.length, files: reports });
  else for (const line of reports.flatMap(reportLines)) io.out(line);
  const wrong = findings.length === 0 ? "" : `, ${count(findings, "finding")} in the test files`;
  io.talk(`${tests.length - failed.length} passed, ${failed.length} failed${wrong}`);
  return failed.length + findings.length === 0 ? exitCodes.done : exitCodes.findings;
}

async function runFile(file: string, deps: Deps, options: RulesTestOptions): Promise<FileReport> {
  const rules = options.rules ?? deps.env.FRESHET_RULES ?? join(dirname(file), "rules.yaml");
  const text = await readInput(file, deps);
  return { file, rules, ...runRuleTests(await readRules(rules, deps), text) };
}

function reportLines({ file, findings, tests }: FileReport): readonly string[] {
  return [
    ...findings.map((finding) => findingText(file, finding)),
    ...tests.flatMap(({ name, line, passed, difference }) => {
      if (passed) return [`ok     ${name}`];
      return [`FAILED ${name} (${file}:${line})`, ...difference.map((text) => `       ${text}`)];
    }),
  ];
}
