import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { count, findingText, inspectRules } from "../rules-file.js";

export interface RulesCheckOptions {
  readonly file: string;
  readonly json: boolean;
}

/** Every finding of a rules file, and what `run` of this release would refuse in it although it is right. */
export async function rulesCheck(io: Io, deps: Deps, options: RulesCheckOptions): Promise<ExitCode> {
  const { file } = options;
  const { rules, findings, unsupported } = await inspectRules(file, deps);
  if (options.json) {
    outJson(io, { file, hash: rules?.hash ?? null, findings, refusedByRun: unsupported });
  } else {
    for (const finding of findings) io.out(findingText(file, finding));
    for (const finding of unsupported) io.talk(`note: ${findingText(file, finding)}`);
    if (unsupported.length > 0) io.talk("note: freshet run of this release refuses the file for the notes above.");
    if (rules !== null) io.talk(`${file}: no findings; ${count(rules.ruleNames, "rule")}, hash ${rules.hash.slice(0, 12)}`);
    else io.talk(`${file}: ${count(findings, "finding")}`);
  }
  return findings.length === 0 ? exitCodes.done : exitCodes.findings;
}
