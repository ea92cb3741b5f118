import { audited } from "../audit/audited.js";
import { writeAudit } from "../audit/write-audit.js";
import type { ReplayKafka } from "../run/bounded-kafka.js";
import { type Actor, auditIntention } from "./audit-of-job.js";
import { checkOpen } from "./claim-job.js";
import { groupOfJob, type Job } from "./job.js";
import { abortRecord, jobRecord } from "./job-records.js";
import { type FoundJob, findJob, nullIfStopped, readJobRecords } from "./read-jobs.js";
import { writeJobRecords } from "./write-records.js";

export interface AbortOptions {
  /** For the audit trail. */
  readonly actor: Actor;
  readonly because: string;
  /** Told the last state before the outcome goes into the audit trail, which may fail. */
  readonly onEnd?: (last: Job) => void;
  readonly deployment: string;
  readonly id: string;
  /** Of this call alone. */
  readonly token: string;
  readonly clock: { nowMs(): number };
  readonly pause: (ms: number, stop: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
  /** Told that whoever works on it is waited for. */
  readonly onWait: (what: string) => void;
  readonly timing?: { readonly silentMs: number; readonly pollMs: number };
}

const defaults = { silentMs: 15_000, pollMs: 1000 };

/**
 * Ends a job for good, between two entries of the audit trail, and answers with its last state. Whoever works on it is asked to leave,
 * and waited for; when nobody answers, the job is ended all the same, and a process that comes back finds it so. What was busted stays
 * busted, and is counted by the runs of the job. `null` when it was stopped meanwhile: whoever works on the job may have been asked to
 * leave by then, and abort can be called again.
 *
 * @throws FreshetError FR1001 (`usage`) when there is no such job or it has ended; as `writeAudit`.
 */
export async function abortJob(kafka: ReplayKafka, options: AbortOptions): Promise<Job | null> {
  const { deployment, id, token, actor, because, clock, stop, onEnd } = options;
  const group = `${groupOfJob(deployment, id)}-abort-${token}`;
  const found = await findJob(kafka, id, { deployment, group, stop }).catch(nullIfStopped(stop));
  if (found === null) return null;
  checkOpen(found.job);
  let last: Job | null = null;
  const intention = auditIntention(found.job, actor, { action: "replay abort", reason: because });
  await audited({ intention, clock, send: (entry) => writeAudit(kafka, entry) }, async () => {
    last = await endJob(kafka, found, { ...options, group });
    if (last !== null) onEnd?.(last);
    return { outcome: last === null ? "interrupted" : "done", counts: {} };
  });
  return last;
}

async function endJob(kafka: ReplayKafka, found: FoundJob, options: AbortOptions & { readonly group: string }): Promise<Job | null> {
  const { deployment, id, clock, stop } = options;
  await writeJobRecords(kafka, [abortRecord(deployment, { id, at: new Date(clock.nowMs()).toISOString() })]);
  const left = found.job.status === "running" ? await waitUntilLeft(kafka, found, options) : found.job;
  if (left.status === "aborted" || left.status === "done") return left;
  if (stop.aborted) return null;
  const at = new Date(clock.nowMs()).toISOString();
  const ended: Job = { ...left, status: "aborted", updatedAt: at, endedAt: at, runner: null };
  await writeJobRecords(kafka, [jobRecord(ended)]);
  await kafka.deleteGroup(groupOfJob(deployment, id)).catch(() => {}); // one with a member that is dying goes by itself
  return ended;
}

/** The last state that was written while waiting. */
async function waitUntilLeft(
  kafka: ReplayKafka,
  found: Pick<FoundJob, "job" | "end">,
  options: AbortOptions & { readonly group: string },
): Promise<Job> {
  const { deployment, id, group, clock, pause, stop, onWait } = options;
  const { silentMs, pollMs } = { ...defaults, ...options.timing };
  const untilMs = clock.nowMs() + silentMs;
  let { job, end } = found;
  onWait(`waiting until ${job.runner?.host ?? "whoever works on it"} leaves the job`);
  while (job.status === "running" && clock.nowMs() < untilMs && !stop.aborted) {
    await pause(pollMs, stop);
    end = await readJobRecords(kafka, { deployment, group, from: end, stop }, (record) => {
      if (record.kind === "job" && record.id === id) job = record.job;
    });
  }
  return job;
}
