import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { count, findingText, inspectRules } from "../rules-file.js";

export interface RulesCheckOptions {
  readonly file: string;
  readonly json: boolean;
}

/** Every finding of a rules file; a file without any is one that `run` takes. */
export async function rulesCheck(io: Io, deps: Deps, options: RulesCheckOptions): Promise<ExitCode> {
  const { file } = options;
  const { rules, findings } = await inspectRules(file, deps);
  if (options.json) {
    outJson(io, { file, hash: rules?.hash ?? null, findings });
  } else {
    for (const finding of findings) io.out(findingText(file, finding));
    if (rules !== null) io.talk(`${file}: no findings; ${count(rules.ruleNames, "rule")}, hash ${rules.hash.slice(0, 12)}`);
    else io.talk(`${file}: ${count(findings, "finding")}`);
  }
  return findings.length === 0 ? exitCodes.done : exitCodes.findings;
}
