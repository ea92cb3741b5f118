import process from "node:process";
import { FreshetError } from "@freshet/protocol";
import { claimJob, type FoundJob, type IsResolved, offsetsGone } from "@freshet/replay";
import { type CompiledRules, loadRules } from "@freshet/rules";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import type { Io } from "../io.js";
import { plain } from "../plain.js";
import { howToGoOn } from "../replay/go-on.js";
import { pause, withSession } from "../replay/session.js";
import { tellWorkOnJob } from "../replay/work-on-job.js";
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
  const given = options.rules === undefined ? null : await readRules(options.rules, deps, deployment.prefix);
  return await withSession(deployment, deps, async (session) => {
    const runner = { host: deps.who().host, pid: process.pid, token: deps.newId() };
    const claim = {
      deployment: deployment.name,
      id: options.id,
      runner,
      clock,
      pause,
      stop,
      onWait: (what: string) => io.talk(plain(what)),
    };
    const { prefix } = deployment;
    const accept = async (found: FoundJob): Promise<void> => {
      rulesFor(found, given, prefix);
      const gone = await offsetsGone(session.kafka, found.job);
      if (gone > 0) io.talk(`${gone} offsets that were left are no longer in ${found.job.selection.topic}: what they held is not replayed`);
    };
    const claimed = await claimJob(session.kafka, { ...claim, accept });
    if (claimed === null) {
      io.talk(`stopped before it went on; ${howToGoOn({ id: options.id, deployment: deployment.name }, options.flags)}`);
      return exitCodes.interrupted;
    }
    const { job, resolved, end } = claimed;
    const rules = rulesFor(claimed, given, prefix);
    const isResolved: IsResolved = (partition, offset, writtenAtMs) => resolved.has(partition, offset, writtenAtMs);
    const { flags, json } = options;
    return await tellWorkOnJob(io, deps, { session, work: { job, rules, isResolved, jobsEnd: end, runner, flags, json } });
  });
}

/** Those the job was planned with, and no others: what is left must be judged as the rest was. */
function rulesFor(found: FoundJob, given: CompiledRules | null, prefix: string): CompiledRules {
  const rules = given ?? keptRules(found, prefix);
  if (rules.hash !== found.job.rulesHash) throw otherRules(found);
  return rules;
}

function keptRules(claimed: FoundJob, prefix: string): CompiledRules {
  const { rules } = claimed.rulesText === null ? { rules: null } : loadRules(claimed.rulesText, { prefix });
  if (rules === null) throw otherRules(claimed);
  return rules;
}

function otherRules({ job }: FoundJob): FreshetError {
  const problem = `these are not the rules that job ${job.id} was planned with (${job.rulesHash.slice(0, 12)})`;
  return new FreshetError("FR1005", "usage", problem, "Give the same file with --rules, or plan a new replay.");
}
