import type { SliceReport } from "@freshet/pipeline";
import { asFreshetError, FreshetError } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { addCounts } from "../plan/counts.js";
import { forced } from "../plan/force.js";
import { type Progress, type ReplayPorts, SLICE_RECORDS_MAX } from "../plan/plan-replay.js";
import { Tally } from "../plan/tally.js";
import type { ReplayKafka } from "../run/bounded-kafka.js";
import { Pace, sliceRecords } from "../run/pace.js";
import { type ReplaySlice, readSlices, type Stretch } from "../run/read-slices.js";
import type { Replayed } from "../run/replayed.js";
import { createRunItems } from "../run/run-items.js";
import { createChoose, type IsResolved } from "../select/choose.js";
import { offsetsIn } from "../select/stretches.js";
import { groupOfJob, type Job, type Runner } from "./job.js";
import { resolvedRecord } from "./job-records.js";
import { type JobSight, JobWatch } from "./job-watch.js";
import { JobWriter } from "./job-writer.js";
import { movedOn } from "./moved-on.js";
import type { JobsEnd } from "./read-jobs.js";
import { writeJobRecords } from "./write-records.js";

export interface RunJobOptions {
  /** As it was made or found; its state is written down from here on. */
  readonly job: Job;
  readonly runner: Runner;
  readonly rules: CompiledRules;
  readonly isResolved: IsResolved;
  /** How far the jobs topic was read. */
  readonly jobsEnd: JobsEnd;
  /** Aborted: slices under way end, the state is written, and the job can be resumed. */
  readonly stop: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Told the last state, also where a failure ends the run. */
  readonly onLast?: (last: Job) => void;
  readonly timing?: Partial<JobTiming>;
}

export interface JobTiming {
  /** How often the state is written while it moves. */
  readonly checkpointMs: number;
  /** How often it is written anyway, and looked whether somebody aborts. */
  readonly heartbeatMs: number;
  /** How long a store that is away is waited for. */
  readonly patienceMs: number;
}

export interface RunJobPorts extends Omit<ReplayPorts, "kafka"> {
  readonly kafka: ReplayKafka;
}

const defaults: JobTiming = { checkpointMs: 1000, heartbeatMs: 4000, patienceMs: 20_000 };

/**
 * Works on a job until it is done, stopped, or aborted by somebody, and answers with its last state. What has ended is written down
 * about every second: after a SIGKILL what came since is done again, which changes nothing but the counts of it.
 *
 * @throws FreshetError of the store or the broker; the job is stopped then and can be resumed.
 */
export async function runJob(ports: RunJobPorts, options: RunJobOptions): Promise<Job> {
  const timing = { ...defaults, ...options.timing };
  const work = new JobWork(ports, options, timing);
  const leave = new AbortController();
  const beating = work.beat(timing.heartbeatMs, leave.signal);
  let failure: FreshetError | null = null;
  try {
    await work.run();
  } catch (error) {
    failure = asFreshetError(error);
  } finally {
    leave.abort();
    await beating;
  }
  return await work.end(failure);
}

/** One run of a job: what is left and what was counted, always of the same moment. */
class JobWork {
  readonly #ports: RunJobPorts;
  readonly #options: RunJobOptions;
  readonly #timing: JobTiming;
  readonly #writer: JobWriter;
  readonly #tally = new Tally();
  readonly #leave = new AbortController();
  readonly #watch: JobWatch;
  readonly #stop: AbortSignal;
  readonly #pace: Pace;
  readonly #runItems: (items: readonly Replayed[]) => Promise<SliceReport>;
  #sight: JobSight = "ours";
  #left: Stretch[];
  #marks = 0;
  #writtenMs: number;

  constructor(ports: RunJobPorts, options: RunJobOptions, timing: JobTiming) {
    const { job, rules } = options;
    const { clock, frames, pause, store } = ports;
    this.#ports = ports;
    this.#options = options;
    this.#timing = timing;
    this.#stop = AbortSignal.any([options.stop, this.#leave.signal]);
    this.#writer = new JobWriter(ports.kafka);
    this.#watch = new JobWatch(ports.kafka, {
      deployment: job.deployment,
      id: job.id,
      token: options.runner.token,
      run: job.runs + 1,
      group: `${groupOfJob(job.deployment, job.id)}-watch-${options.runner.token}`,
      from: options.jobsEnd,
      written: () => this.#writer.written + this.#marks,
      stop: new AbortController().signal,
    });
    this.#left = [...job.left];
    this.#writtenMs = clock.nowMs();
    this.#pace = new Pace({ ...job.rates, clock, pause, stop: this.#stop });
    const wanted = job.force ? forced(rules) : rules;
    const onAgain = (): void => this.#tally.runAgain();
    const { patienceMs } = timing;
    this.#runItems = createRunItems({ rules: wanted, store, frames, clock, pause, stop: this.#stop, patienceMs, onAgain });
  }

  async run(): Promise<void> {
    const { job, rules, isResolved } = this.#options;
    const { clock, frames, pause } = this.#ports;
    const patience = { clock, pause, stop: this.#stop, patienceMs: this.#timing.patienceMs };
    await this.#writer.now(this.#state("running")); // a run that is killed is counted as one, however early
    const rates = job.rates;
    const { end } = await readSlices({
      kafka: this.#ports.kafka,
      group: groupOfJob(job.deployment, job.id),
      stretches: this.#left,
      choose: createChoose({ selection: job.selection, rules, isResolved, frames, patience }),
      sliceRecordsMax: sliceRecords(rates, SLICE_RECORDS_MAX),
      run: (slice) => this.#runSlice(slice),
      onFailure: () => this.#leave.abort(),
      stop: this.#stop,
    });
    if (end === "ended") this.#left = [];
  }

  /** Shows that somebody works on the job, and sees whether somebody aborts it or has taken it over. */
  async beat(everyMs: number, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await this.#ports.pause(everyMs, over);
      if (over.aborted) return;
      try {
        await this.#look();
        if (this.#sight === "ours" && this.#ports.clock.nowMs() - this.#writtenMs >= everyMs) this.#write();
      } catch {
        // what the next slice writes fails just the same, and is heard of there
      }
    }
  }

  async #look(): Promise<void> {
    const sight = await this.#watch.look();
    if (sight === "ours") return;
    this.#sight = sight;
    this.#leave.abort();
  }

  /** The last state, written down; the group is left behind by nobody. */
  async end(failure: FreshetError | null): Promise<Job> {
    const { kafka } = this.#ports;
    this.#options.onLast?.(this.#state("stopped"));
    if (failure !== null) await this.#look().catch(() => {}); // a reader that was dropped may have been taken for dead
    if (this.#sight === "taken") throw takenOver(this.#options.job);
    const status = this.#sight === "aborted" ? "aborted" : failure === null && this.#left.length === 0 ? "done" : "stopped";
    const state = { ...this.#state(status), error: failure?.code ?? null };
    try {
      await this.#writer.now(state);
    } catch (error) {
      throw failure ?? error;
    }
    if (status !== "stopped") await kafka.deleteGroup(groupOfJob(state.deployment, state.id)).catch(() => {}); // empty, it goes by itself
    if (failure !== null && status === "stopped") throw failure;
    return state;
  }

  async #runSlice(slice: ReplaySlice): Promise<() => void> {
    const spent = await this.#pace.take(slice.items.length);
    if (this.#stop.aborted) return () => {}; // it waited for its turn: nothing of it has begun
    const report = await this.#runItems(slice.items);
    spent(report.busts.length + report.tagBusts.length);
    await this.#mark(slice.items, report);
    return () => this.#ended(slice, report);
  }

  /** Dead letters that came to their end are written down as resolved. Those that still fail stay open, and are not written again. */
  async #mark(items: readonly Replayed[], report: SliceReport): Promise<void> {
    const { deployment, id: jobId, by } = this.#options.job;
    const at = new Date(this.#ports.clock.nowMs()).toISOString();
    const declared = items.filter((item) => item.isDeclared);
    const marks = declared.flatMap(({ letterId, timeMs: writtenAtMs }, index) => {
      const outcome = report.ended[index] ?? "dead";
      if (letterId === null || outcome === "dead") return [];
      return [resolvedRecord(deployment, { id: letterId, writtenAtMs, jobId, at, by, outcome })];
    });
    if (marks.length === 0) return;
    await writeJobRecords(this.#ports.kafka, marks);
    this.#marks += marks.length;
  }

  #ended(slice: ReplaySlice, report: SliceReport): void {
    this.#tally.pass(slice.passed);
    this.#tally.add(slice.items, report);
    this.#left = movedOn(this.#left, slice);
    const { job, onProgress } = this.#options;
    onProgress({ done: job.total - offsetsIn(this.#left), total: job.total, records: job.counts.records.chosen + this.#tally.records });
    if (this.#ports.clock.nowMs() - this.#writtenMs >= this.#timing.checkpointMs) this.#write();
  }

  #write(): void {
    this.#writtenMs = this.#ports.clock.nowMs();
    this.#writer.write(this.#state("running"));
  }

  #state(status: Job["status"]): Job {
    const { job, runner } = this.#options;
    const at = new Date(this.#ports.clock.nowMs()).toISOString();
    const isOver = status === "done" || status === "aborted";
    return {
      ...job,
      status,
      updatedAt: at,
      endedAt: isOver ? at : null,
      left: this.#left,
      counts: job.runs === 0 ? this.#tally.counts() : addCounts(job.counts, this.#tally.counts()),
      runs: job.runs + 1,
      runner: status === "running" ? runner : null,
      error: null,
    };
  }
}

function takenOver({ id }: Job): FreshetError {
  const fix = `See freshet replay status ${id}; what this process did before is counted there up to its last state.`;
  return new FreshetError("FR1005", "usage", `another process has gone on with job ${id}: this one was silent for too long`, fix);
}
