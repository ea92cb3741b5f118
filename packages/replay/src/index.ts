// What on-call engineers run after an incident, as calls: dead letters, replays, jobs, the audit trail, explanations.
export type { AuditEnd, AuditEntry, AuditIntention } from "./audit/audit-entry.js";
export { auditEntrySchema, ended, started } from "./audit/audit-entry.js";
export { writeAudit } from "./audit/write-audit.js";
export type { Dialect } from "./dead-letters/dialects.js";
export { type DeadLetter, readDeadLetter } from "./dead-letters/letter.js";
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
export { type ScanKafka, type ScanOptions, type ScanWindow, scanDeadLetters } from "./dead-letters/scan.js";
export { type ShowQuery, showDeadLetter } from "./dead-letters/show.js";
export { auditTopicOf, deadLetterTopicOf } from "./topics.js";
