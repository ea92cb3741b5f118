import type { Holding, Mutant } from "./cases.ts";
import { epochHoldings, epochMutants } from "./epoch-cases.ts";
import { keyHoldings, keyMutants } from "./key-model.ts";
import { primaryHoldings, primaryMutants } from "./primary-model.ts";
import { registryHoldings, registryMutants } from "./registry-model.ts";
import { search, type Verdict } from "./search.ts";
import { softHoldings, softMutants } from "./soft-model.ts";
import { loadSteps } from "./steps.ts";
import { sweepHoldings, sweepMutants } from "./sweep-cases.ts";
import { tagHoldings, tagMutants } from "./tag-cases.ts";
import { twoSubjectsHoldings, twoSubjectsMutants } from "./two-subjects-model.ts";

const usage = `npm run model [-- [--small | --mutants] [TEXT]]

Searches the models of the store protocol, large ones too. TEXT: only those whose name holds it.
Each line says what was found: holds (every state was visited), CUT (memory or time ended first; nothing wrong up to there),
or FAILS with the shortest way to a stale value. --mutants: the steps with one safety line taken away, which must fail.
`;

const holdings: readonly Holding[] = [
  ...keyHoldings,
  ...twoSubjectsHoldings,
  ...softHoldings,
  ...primaryHoldings,
  ...epochHoldings,
  ...tagHoldings,
  ...sweepHoldings,
  ...registryHoldings,
];
const mutants: readonly Mutant[] = [
  ...keyMutants,
  ...twoSubjectsMutants,
  ...softMutants,
  ...primaryMutants,
  ...epochMutants,
  ...tagMutants,
  ...sweepMutants,
  ...registryMutants,
];

/** About 100 bytes a state, so six gigabytes at most. */
const limits = { maxStates: 60_000_000, maxSeconds: 3600 };

const flags = process.argv.slice(2);
const text = flags.find((flag) => !flag.startsWith("--")) ?? "";

if (flags.includes("--help")) process.stdout.write(usage);
else process.exitCode = flags.includes("--mutants") ? runMutants() : runHoldings(flags.includes("--small"));

function runHoldings(onlySmall: boolean): number {
  const chosen = holdings.filter(({ name, size }) => name.includes(text) && (size === "small" || !onlySmall));
  const verdicts = chosen.map(({ name, lowered, model }) => print(name, search(model(loadSteps(lowered)), limits)));
  const count = (verdict: Verdict["verdict"]): number => verdicts.filter((other) => other.verdict === verdict).length;
  process.stdout.write(`${count("holds")} hold, ${count("cut")} cut off, ${count("fails")} fail\n`);
  return count("fails") > 0 || chosen.length === 0 ? 1 : 0;
}

function runMutants(): number {
  const chosen = mutants.filter(({ name }) => name.includes(text));
  const verdicts = chosen.map(({ name, edits, model }) => print(name, search(model(loadSteps(edits)), limits)));
  const found = verdicts.filter(({ verdict }) => verdict === "fails").length;
  process.stdout.write(`${found} of ${verdicts.length} mutants fail, as they must\n`);
  return found === verdicts.length && found > 0 ? 0 : 1;
}

function print(name: string, verdict: Verdict): Verdict {
  const { states, steps, seconds, why, trace } = verdict;
  const word = { holds: "holds", cut: "CUT  ", fails: "FAILS" }[verdict.verdict];
  process.stdout.write(`${word} ${name}: ${states} states, ${steps} steps, ${seconds.toFixed(1)} s\n`);
  if (trace.length > 0) process.stdout.write([...trace, `=> ${why}`].map((line) => `        ${line}\n`).join(""));
  return verdict;
}
