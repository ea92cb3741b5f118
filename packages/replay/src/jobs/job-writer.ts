import { asFreshetError, type FreshetError } from "@freshet/protocol";
import type { ReplayKafka } from "../run/bounded-kafka.js";
import type { Job } from "./job.js";
import { jobRecord } from "./job-records.js";
import { writeJobRecords } from "./write-records.js";

/**
 * Writes the state of a job down, the newest only, one write at a time. A write that failed is heard of at the next `write` or at
 * `now`.
 */
export class JobWriter {
  readonly #kafka: Pick<ReplayKafka, "produce">;
  #waiting: Job | null = null;
  #underWay: Promise<void> | null = null;
  #failure: FreshetError | null = null;
  #written = 0;

  constructor(kafka: Pick<ReplayKafka, "produce">) {
    this.#kafka = kafka;
  }

  /** Records that were acknowledged. */
  get written(): number {
    return this.#written;
  }

  /** @throws FreshetError of an earlier write. */
  write(job: Job): void {
    if (this.#failure !== null) throw this.#failure;
    this.#waiting = job;
    this.#underWay ??= this.#drain();
  }

  /** Writes a state and waits for it: the first, before anything is done, and the last. */
  async now(job: Job): Promise<void> {
    await this.#underWay;
    await writeJobRecords(this.#kafka, [jobRecord(job)]);
    this.#written++;
  }

  async #drain(): Promise<void> {
    try {
      for (let job = this.#waiting; job !== null; job = this.#waiting) {
        this.#waiting = null;
        await writeJobRecords(this.#kafka, [jobRecord(job)]);
        this.#written++;
      }
    } catch (error) {
      this.#failure = asFreshetError(error);
    } finally {
      this.#underWay = null;
    }
  }
}
