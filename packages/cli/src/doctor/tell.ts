import { plural, wrap } from "../commands/dlq-text.js";
import type { DoctorReport } from "./report.js";

/** The report as lines for a terminal: what was looked at, then each finding with cause and fix. */
export function tell({ deployment, group, checks, findings }: DoctorReport): readonly string[] {
  const looked = checks.flatMap(({ name, outcome, seen }) => wrap(`${outcome.padEnd(8)}  ${name.padEnd(7)}  ${seen}`, " ".repeat(19)));
  const told = findings.flatMap(({ name, severity, code, subject, problem, why, fix }) => [
    "",
    ...wrap(`${severity} ${name}${code === null ? "" : ` (${code})`}: ${subject}`, "  "),
    ...wrap(`  ${problem}`, "  "),
    ...wrap(`  why: ${why}`, "       "),
    ...wrap(`  fix: ${fix}`, "       "),
  ]);
  return [`deployment ${deployment}, group ${group}`, ...looked, ...told, "", verdict(findings)];
}

function verdict(findings: DoctorReport["findings"]): string {
  const count = (severity: string, noun: string) => plural(findings.filter((found) => found.severity === severity).length, noun);
  return `${count("error", "error")}, ${count("warning", "warning")}, ${count("note", "note")}`;
}
