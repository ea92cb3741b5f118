import { FreshetError } from "@freshet/protocol";

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** The variable, or the place in the configuration file. */
  readonly where: string;
  readonly problem: string;
  readonly fix: string;
}

/** All problems as one error. */
export function configProblem(problems: readonly Problem[]): FreshetError {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) return refusal(`${first.where} ${first.problem}`, first.fix);
  const lines = problems.map(({ where, problem, fix }) => `\n  ${where} ${problem}. ${fix}`);
  const fix = "Correct each of them; `freshet config show` shows where every value comes from.";
  return refusal(`the configuration has ${problems.length} problems:${lines.join("")}`, fix);
}

function refusal(problem: string, fix: string): FreshetError {
  return new FreshetError("FR1002", "usage", problem, fix);
}
