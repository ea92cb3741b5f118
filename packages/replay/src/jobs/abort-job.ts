import type { ReplayKafka } from "../run/bounded-kafka.js";
import { checkOpen } from "./claim-job.js";
import { groupOfJob, type Job } from "./job.js";
import { abortRecord, jobRecord } from "./job-records.js";
import { findJob, readJobRecords } from "./read-jobs.js";

export interface AbortOptions {
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
 * Ends a job for good, and answers with its last state. Whoever works on it is asked to leave, and waited for; when nobody answers,
 * the job is ended all the same, and a process that comes back finds it so. What was busted stays busted.
 *
 * @throws FreshetError FR1001 (`usage`) when there is no such job or it has ended.
 */
export async function abortJob(kafka: ReplayKafka, options: AbortOptions): Promise<Job> {
  const { deployment, id, token, clock, stop } = options;
  const group = `${groupOfJob(deployment, id)}-abort-${token}`;
  const found = await findJob(kafka, id, { deployment, group, stop });
  checkOpen(found.job);
  await kafka.produce([abortRecord(deployment, { id, at: new Date(clock.nowMs()).toISOString() })]);
  const left = found.job.status === "running" ? await waitUntilLeft(kafka, found, { ...options, group }) : found.job;
  if (left.status === "aborted" || left.status === "done") return left;
  const at = new Date(clock.nowMs()).toISOString();
  const ended: Job = { ...left, status: "aborted", updatedAt: at, endedAt: at, runner: null };
  await kafka.produce([jobRecord(ended)]);
  await kafka.deleteGroup(groupOfJob(deployment, id)).catch(() => {}); // one with a member that is dying goes by itself
  return ended;
}

/** The last state that was written while waiting. */
async function waitUntilLeft(
  kafka: ReplayKafka,
  found: { readonly job: Job; readonly end: Parameters<typeof readJobRecords>[1]["from"] },
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
