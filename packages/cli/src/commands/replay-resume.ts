import process from "node:process";
import { FreshetError } from "@freshet/protocol";
import { claimJob, type FoundJob } from "@freshet/replay";
import { type CompiledRules, loadRules } from "@freshet/rules";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import type { Io } from "../io.js";
import { pause, withSession } from "../replay/session.js";
import { workOnJob } from "../replay/work-on-job.js";
import { readRules } from "../rules-file.js";

export interface ReplayResumeOptions {
  readonly flags: Flags;
  readonly id: string;
  /** The rules the job was made with, where they were not kept. */
  readonly rules?: string;
  readonly json: boolean;
}

/** Goes on with a job where it was, on this machine: also with one whose process died. */
export async function replayResume(io: Io, deps: Deps, options: ReplayResumeOptions): Promise<ExitCode> {
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  if (deployment.mode === "observe") {
    throw new FreshetError("FR1005", "usage", "FRESHET_MODE=observe allows no writes", "Set FRESHET_MODE=apply to go on with a replay.");
  }
  const { clock, stop } = deps;
  return await withSession(deployment, deps, async (session) => {
    const runner = { host: deps.who().host, pid: process.pid, token: deps.newId() };
    const claim = { deployment: deployment.name, id: options.id, runner, clock, pause, stop, onWait: io.talk };
    const claimed = await claimJob(session.kafka, claim);
    if (claimed === null) return exitCodes.interrupted;
    const { job, resolved, end } = claimed;
    const rules = options.rules === undefined ? keptRules(claimed) : await readRules(options.rules, deps);
    if (rules.hash !== job.rulesHash) throw otherRules(claimed);
    const isResolved = (partition: number, offset: number): boolean => resolved.has(partition, offset);
    return await workOnJob(io, deps, { session, work: { job, rules, isResolved, jobsEnd: end, runner, json: options.json } });
  });
}

function keptRules(claimed: FoundJob): CompiledRules {
  const { rules } = claimed.rulesText === null ? { rules: null } : loadRules(claimed.rulesText);
  if (rules === null) throw otherRules(claimed);
  return rules;
}

function otherRules({ job }: FoundJob): FreshetError {
  const problem = `these are not the rules that job ${job.id} was planned with (${job.rulesHash.slice(0, 12)})`;
  return new FreshetError("FR1005", "usage", problem, "Give the same file with --rules, or plan a new replay.");
}
