// What on-call engineers run after an incident, as calls: dead letters, replays, jobs, the audit trail, explanations.
export type { AuditEnd, AuditEntry, AuditIntention } from "./audit/audit-entry.js";
export { auditEntrySchema } from "./audit/audit-entry.js";
export { type AuditedEnd, type AuditedOptions, audited } from "./audit/audited.js";
export { writeAudit } from "./audit/write-audit.js";
export type { Dialect } from "./dead-letters/dialects.js";
export { type DeadLetter, readDeadLetter, UNKNOWN_REASON } from "./dead-letters/letter.js";
export { createLetterFilter, type LetterChoice, type LetterFilter } from "./dead-letters/letter-filter.js";
export { type LetterPlace, readLetterId } from "./dead-letters/letter-id.js";
export { type DeadLetterKafka, type DeadLetterQuery, listDeadLetters, statDeadLetters } from "./dead-letters/query.js";
export {
  type DeadLetterList,
  type DeadLetterShown,
  type DeadLetterStats,
  deadLetterListSchema,
  deadLetterShownSchema,
  deadLetterStatsSchema,
} from "./dead-letters/reports.js";
export { type ResolvedOptions, readResolved } from "./dead-letters/resolved.js";
export type { ResolvedLetters } from "./dead-letters/resolved-letters.js";
export { withWriteRights } from "./dead-letters/rights.js";
export { type ScanKafka, type ScanOptions, type ScanWindow, scanDeadLetters } from "./dead-letters/scan.js";
export { type ShowQuery, showDeadLetter } from "./dead-letters/show.js";
export { decoderOf } from "./decode-each.js";
export { type Explained, type ExplainPeers, type ExplainRequest, explain } from "./explain/explain.js";
export { type EventReport, type Explanation, explanationSchema, type FloorReport, type TagReport } from "./explain/explanation.js";
export { type AbortOptions, abortJob } from "./jobs/abort-job.js";
export type { Actor } from "./jobs/audit-of-job.js";
export { checkTopics } from "./jobs/check-topics.js";
export { type ClaimOptions, claimJob, releaseJob } from "./jobs/claim-job.js";
export { groupOfJob, type Job, type JobStatus, jobSchema, type Runner } from "./jobs/job.js";
export { offsetsGone } from "./jobs/offsets-gone.js";
export { type FoundJob, readJobs } from "./jobs/read-jobs.js";
export { type RunJobOptions, type RunJobPorts, runJob } from "./jobs/run-job.js";
export { type StartJobOptions, startJob } from "./jobs/start-job.js";
export { type WorkOnJobOptions, workOnJob } from "./jobs/work-on-job.js";
export type { CloserFindings } from "./plan/closer-look.js";
export type { Counts, InexactCause, KeyCounts } from "./plan/counts.js";
export { type PlanOptions, type Progress, planReplay, type ReplayOptions, type ReplayPlan, type ReplayPorts } from "./plan/plan-replay.js";
export { type ReplayPlanReport, replayPlanSchema, reportPlan } from "./plan/plan-report.js";
export { boundedKafka, type ReplayKafka } from "./run/bounded-kafka.js";
export type { Rates } from "./run/pace.js";
export { compileWhere, type IsResolved } from "./select/choose.js";
export type { Order, Selection } from "./select/selection.js";
export { deadLetterTopicOf } from "./topics.js";
