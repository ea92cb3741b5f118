// What on-call engineers run after an incident, as calls: dead letters, replays, jobs, the audit trail, explanations.
export type { AuditEnd, AuditEntry, AuditIntention } from "./audit/audit-entry.js";
export { auditEntrySchema, ended, started } from "./audit/audit-entry.js";
export { writeAudit } from "./audit/write-audit.js";
export { auditTopicOf, deadLetterTopicOf } from "./topics.js";
