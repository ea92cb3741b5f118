import type { ReplayKafka } from "../run/bounded-kafka.js";
import { jobsTopicOf } from "../topics.js";
import { type JobsEnd, readJobRecords } from "./read-jobs.js";

export interface JobWatchOptions {
  readonly deployment: string;
  readonly id: string;
  /** Of whoever watches. */
  readonly token: string;
  /** Which run of the job this is, as its states say. */
  readonly run: number;
  /** A consumer group for this alone. */
  readonly group: string;
  /** How far the jobs topic is known. */
  readonly from: JobsEnd;
  /** States and marks that this run has written there, and that were acknowledged. */
  readonly written: () => number;
  readonly stop: AbortSignal;
}

/** `aborted`: somebody wants it ended. `taken`: another process has gone on with it, this one was taken for dead. */
export type JobSight = "ours" | "aborted" | "taken";

/**
 * Looks whether somebody asked for the end of a job, or has taken it over. Only where others have written to the jobs topic is it read:
 * most of what comes there while a job runs are its own states and marks. Of those, the ones that were read are told by what they
 * hold, never by when they were acknowledged: one counted too many would hide a record of somebody else.
 */
export class JobWatch {
  readonly #kafka: ReplayKafka;
  readonly #options: JobWatchOptions;
  #known: JobsEnd;
  /** Of this run's own, those that lie before `#known`. */
  #seen = 0;

  constructor(kafka: ReplayKafka, options: JobWatchOptions) {
    this.#kafka = kafka;
    this.#options = options;
    this.#known = options.from;
  }

  async look(): Promise<JobSight> {
    const { deployment, id, token, run, group, stop, written } = this.#options;
    const own = written() - this.#seen; // first: what is acknowledged by now is in the log
    const now = await this.#kafka.offsets([jobsTopicOf(deployment)]);
    const known = (partition: number) => this.#known.find((end) => end.partition === partition)?.next ?? 0;
    const added = now.reduce((sum, { partition, latest }) => sum + Math.max(0, latest - known(partition)), 0);
    if (added <= own) return "ours";
    let sight: JobSight = "ours";
    let seen = 0;
    this.#known = await readJobRecords(this.#kafka, { deployment, group, from: this.#known, stop }, (record) => {
      if (record.kind === "abort" && record.id === id) sight = "aborted";
      if (record.kind === "resolved" && record.mark?.jobId === id) seen++;
      if (record.kind !== "job" || record.id !== id) return;
      const { runner, runs } = record.job;
      if (runner?.token !== token) sight = sight === "ours" ? "taken" : sight;
      else if (runs === run) seen++; // not those of the claim, which count nothing yet
    });
    this.#seen += seen;
    return sight;
  }
}
