import { audited } from "../audit/audited.js";
import { writeAudit } from "../audit/write-audit.js";
import { type Actor, auditCounts, auditIntention } from "./audit-of-job.js";
import { releaseJob } from "./claim-job.js";
import type { Job } from "./job.js";
import { type RunJobOptions, type RunJobPorts, runJob } from "./run-job.js";

export interface WorkOnJobOptions extends Omit<RunJobOptions, "onLast"> {
  readonly actor: Actor;
  /** Told once the intention is in the audit trail: from here on things are done. */
  readonly onBegin?: () => void;
  /** Told the last state before the outcome goes into the audit trail, which may fail. */
  readonly onEnd: (last: Job) => void;
}

/**
 * `runJob` between two entries of the audit trail: the intention is acknowledged before anything is done, and where it cannot be,
 * the job is given back. The counts of the outcome are those of this run alone.
 *
 * @throws FreshetError as `runJob`, and as `writeAudit`.
 */
export async function workOnJob(ports: RunJobPorts, options: WorkOnJobOptions): Promise<Job> {
  const { actor, onBegin, onEnd, ...run } = options;
  const { job } = run;
  const { kafka, clock } = ports;
  let last = job;
  let hasBegun = false;
  const work = {
    intention: auditIntention(job, actor),
    clock,
    send: (entry: Parameters<typeof writeAudit>[1]) => writeAudit(kafka, entry),
    countsSoFar: () => auditCounts(last, job),
  };
  const onLast = (state: Job): void => {
    last = state;
  };
  const act = async () => {
    hasBegun = true;
    onBegin?.();
    last = await runJob(ports, { ...run, onLast });
    onEnd(last);
    const outcome = last.status === "done" || last.status === "aborted" ? last.status : "interrupted";
    return { outcome, counts: auditCounts(last, job) } as const;
  };
  try {
    await audited(work, act);
  } catch (error) {
    if (!hasBegun) await releaseJob(kafka, job, clock).catch(() => {}); // what went wrong first is what is told
    throw error;
  }
  return last;
}
