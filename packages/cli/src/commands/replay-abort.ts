import { asFreshetError } from "@freshet/protocol";
import { abortJob, checkOpen, ended, findJob, groupOfJob, type Job, started, writeAudit } from "@freshet/replay";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { auditIntention } from "../replay/audit-of-job.js";
import { jobLines } from "../replay/job-text.js";
import { pause, withKafka } from "../replay/session.js";

export interface ReplayAbortOptions {
  readonly flags: Flags;
  readonly id: string;
  readonly because?: string;
  readonly json: boolean;
}

/** Ends a job for good, wherever it runs. What it busted stays busted. */
export async function replayAbort(io: Io, deps: Deps, { flags, id, because, json }: ReplayAbortOptions): Promise<ExitCode> {
  const deployment = deps.deploymentOf(deps.readConfig(flags));
  const { name } = deployment;
  const { clock, stop } = deps;
  return await withKafka(deployment, async (kafka) => {
    const token = deps.newId();
    const { job } = await findJob(kafka, id, { deployment: name, group: `${groupOfJob(name, id)}-look-${token}`, stop });
    checkOpen(job);
    const intention = { ...auditIntention(job, deps, "replay abort"), reason: because ?? "" };
    const begun = started(intention, clock.nowMs());
    await writeAudit(kafka, begun);
    let last: Job;
    try {
      last = await abortJob(kafka, { deployment: name, id, token, clock, pause, stop, onWait: io.talk });
    } catch (error) {
      const end = { outcome: "failed", counts: {}, error: asFreshetError(error).code, nowMs: clock.nowMs() } as const;
      await writeAudit(kafka, ended(begun, end)).catch(() => {}); // what went wrong first is what is told
      throw error;
    }
    // What went is counted by the runs of the job, each in its own entry.
    await writeAudit(kafka, ended(begun, { outcome: "done", counts: {}, nowMs: clock.nowMs() }));
    if (json) outJson(io, last);
    else for (const line of jobLines(last)) io.out(line);
    return exitCodes.done;
  });
}
