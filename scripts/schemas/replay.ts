import { jobSchema, replayPlanSchema } from "@freshet/replay";

/** What `freshet replay` prints, and writes into the jobs topic. */
export const replays = [
  { name: "replay-plan.v1", title: "What a replay would do", schema: replayPlanSchema },
  { name: "replay-job.v1", title: "A replay job: the value of job/<id> in the jobs topic", schema: jobSchema },
];
