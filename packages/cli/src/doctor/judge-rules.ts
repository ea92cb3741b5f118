import { count } from "../rules-file.js";
import { type Judged, looked, skipped } from "./check.js";
import type { Facts } from "./facts.js";
import { finding } from "./finding.js";

export function judgeRules({ rulesFile, rules }: Facts): Judged {
  if (rulesFile === null) {
    const fix = "Set FRESHET_RULES, or give --rules FILE.";
    return looked("rules", "none", [finding("rules-unnamed", { subject: "FRESHET_RULES", problem: "no rules file is named", fix })]);
  }
  if (rules.kind === "skipped") return skipped("rules", rules.because);
  if (rules.kind === "failed") {
    const { code, message: problem, fix } = rules.error;
    return skipped("rules", "the file cannot be read", [finding("rules-unreadable", { subject: rulesFile, problem, fix, code })]);
  }
  const { rules: compiled, findings } = rules.value;
  if (compiled !== null) {
    return looked("rules", `${rulesFile}: ${count(compiled.ruleNames, "rule")}, hash ${compiled.hash.slice(0, 12)}`, []);
  }
  const lint = findings.map(({ line, column, code, problem, fix }) =>
    finding("rules-lint", { subject: `${rulesFile}:${line}:${column}`, problem: `${code}: ${problem}`, fix, code: "FR1003" }),
  );
  return looked("rules", `${rulesFile}: ${count(findings, "finding")}`, lint);
}
