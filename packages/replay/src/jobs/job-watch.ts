import type { ReplayKafka } from "../run/bounded-kafka.js";
import { jobsTopicOf } from "../topics.js";
import { type JobsEnd, readJobRecords } from "./read-jobs.js";

export interface JobWatchOptions {
  readonly deployment: string;
  readonly id: string;
  /** Of whoever watches. */
  readonly token: string;
  /** A consumer group for this alone. */
  readonly group: string;
  /** How far the jobs topic is known. */
  readonly from: JobsEnd;
  /** Records this process itself has written there since. */
  readonly written: () => number;
  readonly stop: AbortSignal;
}

/** `aborted`: somebody wants it ended. `taken`: another process has gone on with it, this one was taken for dead. */
export type JobSight = "ours" | "aborted" | "taken";

/**
 * Looks whether somebody asked for the end of a job, or has taken it over. Only where others have written to the jobs topic is it read: most of what
 * comes there while a job runs are its own states.
 */
export class JobWatch {
  readonly #kafka: ReplayKafka;
  readonly #options: JobWatchOptions;
  #known: JobsEnd;
  #writtenThen: number;

  constructor(kafka: ReplayKafka, options: JobWatchOptions) {
    this.#kafka = kafka;
    this.#options = options;
    this.#known = options.from;
    this.#writtenThen = options.written();
  }

  async look(): Promise<JobSight> {
    const { deployment, id, token, group, stop, written } = this.#options;
    const own = written() - this.#writtenThen;
    const now = await this.#kafka.offsets([jobsTopicOf(deployment)]);
    const known = (partition: number) => this.#known.find((end) => end.partition === partition)?.next ?? 0;
    const added = now.reduce((sum, { partition, latest }) => sum + Math.max(0, latest - known(partition)), 0);
    if (added <= own) return "ours";
    let sight: JobSight = "ours";
    const writtenThen = written();
    this.#known = await readJobRecords(this.#kafka, { deployment, group, from: this.#known, stop }, (record) => {
      if (record.kind === "abort" && record.id === id) sight = "aborted";
      if (record.kind === "job" && record.id === id && sight === "ours" && record.job.runner?.token !== token) sight = "taken";
    });
    this.#writtenThen = writtenThen;
    return sight;
  }
}
