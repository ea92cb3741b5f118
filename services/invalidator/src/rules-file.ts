import { FreshetError } from "@freshet/protocol";
import { type CompiledRules, type Finding, type LoadOptions, loadRules } from "@freshet/rules";
import { errorCodeOf } from "./error-code.js";

/**
 * The rules of a file that must be right.
 *
 * @throws FreshetError `usage` with everything that is wrong: FR1002 when it cannot be read, FR1003 for findings.
 */
export function readRules(path: string, readText: (path: string) => string, options: LoadOptions = {}): CompiledRules {
  const { rules, findings } = loadRules(textOf(path, readText), options);
  if (rules === null || findings.length > 0) {
    const fix = `Correct them; \`freshet rules check ${path}\` shows them again.`;
    throw new FreshetError("FR1003", "usage", `the rules file has ${told(path, findings)}`, fix);
  }
  return rules;
}

function textOf(path: string, readText: (path: string) => string): string {
  try {
    return readText(path);
  } catch (error) {
    const code = errorCodeOf(error);
    throw new FreshetError("FR1002", "usage", `the rules file ${path} cannot be read (${code})`, "Correct FRESHET_RULES.");
  }
}

/** `file:line:column`: terminals and editors make a link of it. */
function told(path: string, findings: readonly Finding[]): string {
  const lines = findings.map(({ line, column, code, problem, fix }) => `\n  ${path}:${line}:${column} ${code} ${problem} — ${fix}`);
  return `${findings.length} finding${findings.length === 1 ? "" : "s"}:${lines.join("")}`;
}
