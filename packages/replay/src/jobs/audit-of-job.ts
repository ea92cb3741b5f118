import type { AuditIntention } from "../audit/audit-entry.js";
import type { Job } from "./job.js";

/** Who acts on a job, and with what. */
export type Actor = Pick<AuditIntention, "id" | "who" | "tool">;

/** A job as the audit trail tells it, before it begins or is ended. */
export function auditIntention(job: Job, actor: Actor, over: Partial<Pick<AuditIntention, "action" | "reason">> = {}): AuditIntention {
  const { deployment, selection, rulesHash, because } = job;
  return {
    ...actor,
    deployment,
    action: over.action ?? (selection.kind === "dlq" ? "replay dlq" : "replay history"),
    reason: over.reason ?? because,
    target: { topic: selection.topic, job: job.id },
    filter: filterOf(job),
    rulesHash,
  };
}

/** What chose the records, and how they are replayed. */
function filterOf({ selection, force, order, rates, total }: Job): AuditIntention["filter"] {
  const { kind, topic, ...chosen } = selection;
  const told = { ...chosen, force, order, offsets: total, rate: rates.recordsPerSecond, bustRate: rates.bustsPerSecond };
  const isTold = (entry: readonly [string, unknown]): entry is [string, string | number | boolean] =>
    ["string", "number", "boolean"].includes(typeof entry[1]);
  return Object.fromEntries(Object.entries(told).filter(isTold));
}

/** What one run did: the job's counts less those of the runs before. */
export function auditCounts(last: Job, before: Job): Readonly<Record<string, number>> {
  const flat = ({ counts: { records, busts, keys, tags } }: Job) => ({
    records: records.chosen,
    failing: records.failing,
    foreign: records.foreign,
    busts,
    removed: keys.removed,
    softened: keys.softened,
    covered: keys.covered,
    absent: keys.absent,
    tags: tags.busted,
  });
  const earlier = new Map(Object.entries(flat(before)));
  return Object.fromEntries(Object.entries(flat(last)).map(([name, count]) => [name, Math.max(0, count - (earlier.get(name) ?? 0))]));
}
