import type { ReplayKafka } from "../run/bounded-kafka.js";
import { jobsTopicOf } from "../topics.js";
import { type JobsEnd, readJobRecords } from "./read-jobs.js";

export interface AbortWatchOptions {
  readonly deployment: string;
  readonly id: string;
  /** A consumer group for this alone. */
  readonly group: string;
  /** How far the jobs topic is known. */
  readonly from: JobsEnd;
  /** Records this process itself has written there since. */
  readonly written: () => number;
  readonly stop: AbortSignal;
}

/**
 * Looks whether somebody asked for the end of a job. Only where others have written to the jobs topic is it read: most of what
 * comes there while a job runs are its own states.
 */
export class AbortWatch {
  readonly #kafka: ReplayKafka;
  readonly #options: AbortWatchOptions;
  #known: JobsEnd;
  #writtenThen: number;

  constructor(kafka: ReplayKafka, options: AbortWatchOptions) {
    this.#kafka = kafka;
    this.#options = options;
    this.#known = options.from;
    this.#writtenThen = options.written();
  }

  /** Whether the job is to end. */
  async look(): Promise<boolean> {
    const { deployment, id, group, stop, written } = this.#options;
    const own = written() - this.#writtenThen;
    const now = await this.#kafka.offsets([jobsTopicOf(deployment)]);
    const known = (partition: number) => this.#known.find((end) => end.partition === partition)?.next ?? 0;
    const added = now.reduce((sum, { partition, latest }) => sum + Math.max(0, latest - known(partition)), 0);
    if (added <= own) return false;
    let isAborted = false;
    const writtenThen = written();
    this.#known = await readJobRecords(this.#kafka, { deployment, group, from: this.#known, stop }, (record) => {
      if (record.kind === "abort" && record.id === id) isAborted = true;
    });
    this.#writtenThen = writtenThen;
    return isAborted;
  }
}
