import { FreshetError } from "@freshet/protocol";
import { noCounts } from "../plan/counts.js";
import type { ReplayPlan } from "../plan/plan-replay.js";
import type { ReplayKafka } from "../run/bounded-kafka.js";
import { offsetsIn } from "../select/stretches.js";
import { jobsTopicOf } from "../topics.js";
import type { Job } from "./job.js";
import { jobRecord, rulesRecord } from "./job-records.js";
import type { JobsEnd } from "./read-jobs.js";
import { writeJobRecords } from "./write-records.js";

export interface StartJobOptions {
  readonly id: string;
  readonly deployment: string;
  /** The rules file, so that another machine can go on with the same. */
  readonly rulesText: string;
  readonly by: Job["by"];
  readonly because: string;
  readonly clock: { nowMs(): number };
}

/** The broker takes a megabyte a record; a rules file is a few kilobytes. */
const RULES_BYTES_MAX = 900_000;

/**
 * Makes a job of a plan and writes it down: it reads what the plan has read, to the same ends.
 *
 * @throws FreshetError FR3002 (`usage`) when the jobs topic is missing, FR1006 for a rules file that does not fit into it.
 */
export async function startJob(
  kafka: ReplayKafka,
  plan: ReplayPlan,
  options: StartJobOptions,
): Promise<{ readonly job: Job; readonly jobsEnd: JobsEnd }> {
  const { deployment, rulesText, clock } = options;
  const topic = jobsTopicOf(deployment);
  if ((await kafka.describeTopics([topic])).length === 0) {
    throw new FreshetError("FR3002", "usage", `there is no topic ${topic}`, "Run freshet topics create: jobs are written down there.");
  }
  if (Buffer.byteLength(rulesText) > RULES_BYTES_MAX) {
    throw new FreshetError("FR1006", "usage", "the rules file is too large to be kept with the job", "Make it smaller than 900 kB.");
  }
  const job = jobOf(plan, options, new Date(clock.nowMs()).toISOString());
  await writeJobRecords(kafka, [rulesRecord(deployment, { hash: plan.rulesHash, text: rulesText }), jobRecord(job)]);
  const offsets = await kafka.offsets([topic]);
  return { job, jobsEnd: offsets.map(({ partition, latest }) => ({ topic, partition, next: latest })) };
}

function jobOf(plan: ReplayPlan, { id, deployment, by, because }: StartJobOptions, at: string): Job {
  const { selection, order, force, rates, rulesHash, stretches, counts } = plan;
  return {
    v: 1,
    id,
    deployment,
    status: "stopped",
    selection,
    order,
    force,
    rates,
    rulesHash,
    by: { ...by },
    because,
    createdAt: at,
    updatedAt: at,
    endedAt: null,
    left: stretches,
    total: offsetsIn(stretches),
    planned: counts,
    counts: noCounts,
    runs: 0,
    runner: null,
    error: null,
  };
}
