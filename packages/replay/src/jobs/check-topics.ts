import { FreshetError } from "@freshet/protocol";
import type { ReplayKafka } from "../run/bounded-kafka.js";
import { auditTopicOf, jobsTopicOf } from "../topics.js";

/**
 * Looks for the topics a job is written down in, before somebody waits for its plan.
 *
 * @throws FreshetError FR3002 (`usage`) when one is missing.
 */
export async function checkTopics(kafka: Pick<ReplayKafka, "describeTopics">, deployment: string): Promise<void> {
  const wanted = [jobsTopicOf(deployment), auditTopicOf(deployment)];
  const found = new Set((await kafka.describeTopics(wanted)).map(({ topic }) => topic));
  const missing = wanted.filter((topic) => !found.has(topic));
  if (missing.length === 0) return;
  const fix = "Run freshet topics create: jobs and the audit trail are written down there.";
  throw new FreshetError("FR3002", "usage", `there is no topic ${missing.join(", and no ")}`, fix);
}
