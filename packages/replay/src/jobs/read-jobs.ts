import type { OffsetRange, TopicPartition } from "@freshet/kafka/port";
import { FreshetError, type KafkaRecord } from "@freshet/protocol";
import { ResolvedLetters } from "../dead-letters/resolved-letters.js";
import { withRights } from "../dead-letters/rights.js";
import { readRanges } from "../dead-letters/temporary-group.js";
import type { ReplayKafka } from "../run/bounded-kafka.js";
import { jobsTopicOf } from "../topics.js";
import type { Job } from "./job.js";
import { type JobRecord, readJobRecord } from "./job-records.js";

/** The topic as far as somebody has read it: the next offset of each partition. */
export type JobsEnd = readonly (TopicPartition & { readonly next: number })[];

export interface ReadJobsOptions {
  readonly deployment: string;
  /** A consumer group for this reading alone; deleted at its end. */
  readonly group: string;
  /** Where an earlier reading ended; `null`: the beginning. */
  readonly from: JobsEnd | null;
  readonly stop: AbortSignal;
}

/**
 * Reads what was written to the jobs topic, in order, up to its end now, and answers with that end.
 *
 * @throws FreshetError FR3002 (`usage`) when the topic is missing; as the port does.
 */
export async function readJobRecords(
  kafka: ReplayKafka,
  options: ReadJobsOptions,
  onRecord: (record: JobRecord, at: TopicPartition & { readonly offset: number }) => void,
): Promise<JobsEnd> {
  const topic = jobsTopicOf(options.deployment);
  const rights = { topic, group: options.group, what: "to know the jobs" };
  const partitions = await withRights(rights, kafka.offsets([topic]));
  if (partitions.length === 0) {
    const fix = "Run freshet topics create: jobs and what they resolved are written down there.";
    throw new FreshetError("FR3002", "usage", `there is no topic ${topic}, or it may not be described`, fix);
  }
  const ranges = partitions.map(({ partition, earliest, stable }): OffsetRange => {
    const known = options.from?.find((end) => end.partition === partition)?.next ?? 0;
    return { topic, partition, from: Math.min(Math.max(earliest, known), stable), to: stable };
  });
  const onBatch = async (batch: { readonly records: Iterable<KafkaRecord> }): Promise<void> => {
    for (const raw of batch.records) {
      const record = readJobRecord(raw);
      // What was copied from another deployment would be worked on there.
      const isForeign = record?.kind === "job" && record.job.deployment !== options.deployment;
      if (record !== null && !isForeign) onRecord(record, raw);
    }
  };
  await withRights(rights, readRanges(kafka, { group: options.group, ranges, onBatch, stop: options.stop }));
  return ranges.map(({ partition, to }) => ({ topic, partition, next: to }));
}

/**
 * The latest state of every job, the newest first.
 *
 * @throws FreshetError as `readJobRecords`; `wait` when it was stopped before all was read.
 */
export async function readJobs(kafka: ReplayKafka, options: Omit<ReadJobsOptions, "from">): Promise<readonly Job[]> {
  const jobs = new Map<string, Job>();
  await readJobRecords(kafka, { ...options, from: null }, (record) => {
    if (record.kind === "job") jobs.set(record.id, record.job);
  });
  checkAllRead(options.stop);
  return [...jobs.values()].toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}

/** A job with the rules it was made with. */
export interface FoundJob {
  readonly job: Job;
  /** The rules file; `null` when it was not kept. */
  readonly rulesText: string | null;
  /** Whether somebody has claimed it and has not written its state since. */
  readonly isClaimed: boolean;
  /** Dead letters that other replays have resolved: those of this one's own are its to do again. */
  readonly resolved: ResolvedLetters;
  /** How far the topic was read to know this. */
  readonly end: JobsEnd;
}

/**
 * A job as it was last written down.
 *
 * @throws FreshetError `usage` when there is no such job; `wait` when it was stopped before all was read.
 */
export async function findJob(kafka: ReplayKafka, id: string, options: Omit<ReadJobsOptions, "from">): Promise<FoundJob> {
  let job: Job | null = null;
  let isClaimed = false;
  const rules = new Map<string, string>();
  const resolved = new ResolvedLetters();
  const end = await readJobRecords(kafka, { ...options, from: null }, (record) => {
    if (record.kind === "job" && record.id === id) job = record.job;
    if ((record.kind === "job" || record.kind === "claim") && record.id === id) isClaimed = record.kind === "claim";
    if (record.kind === "rules") rules.set(record.hash, record.text);
    if (record.kind !== "resolved") return;
    const { letter, mark } = record;
    resolved.set(letter, mark === null || mark.jobId === id ? null : mark.time);
  });
  checkAllRead(options.stop);
  const found: Job | null = job;
  if (found === null) throw noSuchJob(id);
  const { rulesHash } = found as Job;
  return { job: found, rulesText: rules.get(rulesHash) ?? null, isClaimed, resolved, end };
}

/** For those that answer with `null` when they are stopped: nothing that went wrong then matters. */
export function nullIfStopped(stop: AbortSignal): (error: unknown) => null {
  return (error) => {
    if (stop.aborted) return null;
    throw error;
  };
}

/** What was read by then may be older than the truth. */
function checkAllRead(stop: AbortSignal): void {
  if (!stop.aborted) return;
  throw new FreshetError("FR3001", "wait", "stopped before all jobs were read", "Ask again.");
}

function noSuchJob(id: string): FreshetError {
  return new FreshetError("FR1001", "usage", `there is no replay job ${id}`, "See freshet replay status for those that there are.");
}
