// What on-call engineers run after an incident, as calls: dead letters, replays, jobs, the audit trail, explanations.
export type { AuditEnd, AuditEntry, AuditIntention } from "./audit/audit-entry.js";
export { auditEntrySchema, ended, started } from "./audit/audit-entry.js";
export { writeAudit } from "./audit/write-audit.js";
export type { Dialect } from "./dead-letters/dialects.js";
export { type DeadLetter, readDeadLetter } from "./dead-letters/letter.js";
export { type ScanKafka, type ScanOptions, type ScanWindow, scanDeadLetters } from "./dead-letters/scan.js";
export { auditTopicOf, deadLetterTopicOf } from "./topics.js";
