import { FreshetError } from "@freshet/protocol";
import { type CompiledRules, type Finding, type LoadResult, loadRules } from "@freshet/rules";
import type { Deployment, Deps } from "./deps.js";
import { readInput } from "./read-input.js";

/**
 * The rules of a file that must be right to go on.
 *
 * @throws FreshetError `usage` when the file cannot be read or has findings.
 */
export async function readRules(path: string, deps: Deps, prefix?: string): Promise<CompiledRules> {
  return (await readRulesText(path, deps, prefix)).rules;
}

/** The same with the text they were made of, which a second reading might not find any more. */
export async function readRulesText(
  path: string,
  deps: Deps,
  prefix = prefixOf(deps),
): Promise<{ readonly rules: CompiledRules; readonly text: string }> {
  const text = await readInput(path, deps);
  const { rules, findings } = loadRules(text, { prefix });
  if (rules !== null) return { rules, text };
  const first = findings[0] === undefined ? "" : `, the first: ${findingText(path, findings[0])}`;
  throw new FreshetError(
    "FR1003",
    "usage",
    `the rules file has ${count(findings, "finding")}${first}`,
    `See all: freshet rules check ${path}`,
  );
}

/**
 * The rules that the configuration names.
 *
 * @throws FreshetError `usage` when it names none; as `readRules`.
 */
export async function readDeployedRules(deployment: Deployment, deps: Deps): Promise<CompiledRules> {
  return await readRules(deployedRulesFile(deployment), deps, deployment.prefix);
}

/** @throws FreshetError `usage` when the configuration names none. */
export function deployedRulesFile({ rulesFile }: Pick<Deployment, "rulesFile">): string {
  if (rulesFile !== null) return rulesFile;
  throw new FreshetError(
    "FR1002",
    "usage",
    "no rules file is named, and it says how entries are stored",
    "Set FRESHET_RULES, or give --rules FILE.",
  );
}

/** What `loadRules` says of a file, whatever it is. */
export async function inspectRules(path: string, deps: Deps, prefix = prefixOf(deps)): Promise<LoadResult> {
  return loadRules(await readInput(path, deps), { prefix });
}

/** What stands before Freshet's own keys, as far as a command knows that reads no configuration. */
function prefixOf({ env }: Deps): string | undefined {
  return env.FRESHET_REDIS_PREFIX || undefined;
}

/** `file:line:column code problem — fix`: terminals and editors make a link of its beginning. */
export function findingText(path: string, finding: Finding): string {
  return `${path}:${finding.line}:${finding.column} ${finding.code} ${finding.problem} — ${finding.fix}`;
}

/** `1 finding`, `2 findings`. */
export function count(items: readonly unknown[], noun: string): string {
  return `${items.length} ${noun}${items.length === 1 ? "" : "s"}`;
}
