import { FreshetError } from "@freshet/protocol";
import type { ReplayKafka } from "../run/bounded-kafka.js";
import { groupOfJob, type Job, type Runner } from "./job.js";
import { claimRecord, jobRecord } from "./job-records.js";
import { type FoundJob, findJob, type JobsEnd, nullIfStopped, readJobRecords } from "./read-jobs.js";
import { writeJobRecords } from "./write-records.js";

export interface ClaimOptions {
  readonly deployment: string;
  readonly id: string;
  /** Who claims it. */
  readonly runner: Runner;
  readonly clock: { nowMs(): number };
  readonly pause: (ms: number, stop: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
  /** Told what is waited for, once each. */
  readonly onWait: (what: string) => void;
  /** Looks at the job before anything is written: throws where this process cannot go on with it. */
  readonly accept?: (found: FoundJob) => void | Promise<void>;
  readonly timing?: Partial<ClaimTiming>;
}

export interface ClaimTiming {
  /** A job that says it runs and writes nothing for so long is taken for dead. */
  readonly silentMs: number;
  /** How long the brokers may take to drop the reader that died. */
  readonly sessionMs: number;
  readonly pollMs: number;
}

const defaults: ClaimTiming = { silentMs: 12_000, sessionMs: 60_000, pollMs: 1000 };

/**
 * Takes over a job that was stopped, or whose process died. Two that try at once are told apart by the order of their claims in the
 * jobs topic: the first one has it. `null` when it was stopped meanwhile: then the job is as it was. What is claimed and cannot be worked
 * on is to be given back with `releaseJob`.
 *
 * @throws FreshetError FR1005 (`usage`) when somebody works on it; FR1001 when there is no such job, or nothing left to do.
 */
export async function claimJob(kafka: ReplayKafka, options: ClaimOptions): Promise<FoundJob | null> {
  const { deployment, id, clock, stop } = options;
  const { token } = options.runner;
  const timing = { ...defaults, ...options.timing };
  const group = `${groupOfJob(deployment, id)}-claim-${token}`;
  const found = await findJob(kafka, id, { deployment, group, stop }).catch(nullIfStopped(stop));
  if (found === null) return null;
  checkOpen(found.job);
  await options.accept?.(found);
  if (found.job.status === "running" || found.isClaimed) await waitForSilence(kafka, found, { ...options, timing, group });
  if (stop.aborted) return null;
  await writeJobRecords(kafka, [claimRecord(deployment, { id, token, at: new Date(clock.nowMs()).toISOString() })]);
  const claim: { first: string | null } = { first: null };
  let latest = found.job;
  const end = await readJobRecords(kafka, { deployment, group, from: found.end, stop }, (record) => {
    if (record.kind === "claim" && record.id === id) claim.first ??= record.token;
    if (record.kind === "job" && record.id === id) latest = record.job;
  });
  if (stop.aborted) return null; // the claim stays: whoever comes next waits until it is silent
  if (claim.first !== token || (latest !== found.job && latest.runner !== null)) throw inOtherHands(latest);
  checkOpen(latest);
  try {
    await waitForGroup(kafka, latest, { ...options, timing });
  } catch (error) {
    await releaseJob(kafka, latest, clock).catch(() => {}); // what went wrong first is what is told
    throw error;
  }
  if (!stop.aborted) return { ...found, job: latest, end };
  await releaseJob(kafka, latest, clock);
  return null;
}

/** Says of a job that was claimed that nobody works on it: whoever resumes it need not wait whether somebody does. */
export async function releaseJob(kafka: Pick<ReplayKafka, "produce">, job: Job, clock: ClaimOptions["clock"]): Promise<void> {
  const at = new Date(clock.nowMs()).toISOString();
  await writeJobRecords(kafka, [jobRecord({ ...job, status: "stopped", updatedAt: at, runner: null })]);
}

interface Waiting extends ClaimOptions {
  readonly timing: ClaimTiming;
}

/** Whoever works on a job writes every few seconds. Times of two machines are not compared. */
async function waitForSilence(kafka: ReplayKafka, { job, end }: FoundJob, options: Waiting & { readonly group: string }): Promise<void> {
  const { deployment, id, clock, pause, stop, timing, group } = options;
  options.onWait(`the job says it runs on ${job.runner?.host ?? "some machine"}: waiting whether it writes something`);
  const untilMs = clock.nowMs() + timing.silentMs;
  let from: JobsEnd = end;
  while (clock.nowMs() < untilMs && !stop.aborted) {
    await pause(timing.pollMs, stop);
    const before = from;
    const now = await kafka.offsets([...new Set(before.map(({ topic }) => topic))]);
    const hasMore = now.some(({ partition, stable }) => stable > (before.find((known) => known.partition === partition)?.next ?? 0));
    if (!hasMore) continue;
    from = await readJobRecords(kafka, { deployment, group, from: before, stop }, (record) => {
      if (record.kind === "job" && record.id === id && record.job.runner !== null) throw inOtherHands(record.job);
    });
  }
}

/** Says all the while that the job is taken: others leave it alone. */
async function waitForGroup(kafka: ReplayKafka, job: Job, options: Waiting): Promise<void> {
  const { deployment, id, runner, clock, pause, stop, onWait, timing } = options;
  const group = groupOfJob(deployment, id);
  const untilMs = clock.nowMs() + timing.sessionMs;
  for (let isFirst = true; !stop.aborted; isFirst = false) {
    const at = new Date(clock.nowMs()).toISOString();
    await writeJobRecords(kafka, [jobRecord({ ...job, status: "running", updatedAt: at, runner })]);
    const { members } = await kafka.describeGroup(group);
    if (members === 0) return;
    if (clock.nowMs() >= untilMs) {
      const fix = "Look who reads with it (kafka-consumer-groups --describe --members); then resume again.";
      throw new FreshetError("FR1005", "usage", `the consumer group ${group} still has a member`, fix);
    }
    if (isFirst) onWait("waiting until the brokers have dropped the reader that died (10 to 30 s)");
    await pause(timing.pollMs, stop);
  }
}

function inOtherHands({ id, runner }: Job): FreshetError {
  const where = runner === null ? "another process" : `${runner.host}, process ${runner.pid}`;
  return new FreshetError("FR1005", "usage", `somebody works on job ${id}: ${where}`, `See freshet replay status ${id}.`);
}

/** @throws FreshetError `usage` for a job that has ended for good. */
export function checkOpen({ id, status }: Job): void {
  if (status !== "done" && status !== "aborted") return;
  const fix = "Plan a new replay: what it did already is covered.";
  throw new FreshetError("FR1001", "usage", `the job ${id} is ${status}; there is nothing to go on with`, fix);
}
