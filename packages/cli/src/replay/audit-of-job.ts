import type { AuditIntention, Job } from "@freshet/replay";
import type { Deps } from "../deps.js";

/** A job as the audit trail tells it, before it begins. */
export function auditIntention(job: Job, deps: Pick<Deps, "who" | "newId" | "version">, action?: AuditIntention["action"]): AuditIntention {
  const { id, deployment, selection, rulesHash, because } = job;
  return {
    id: deps.newId(),
    deployment,
    action: action ?? (selection.kind === "dlq" ? "replay dlq" : "replay history"),
    who: { ...deps.who() },
    reason: because,
    target: { topic: selection.topic, job: id },
    filter: filterOf(job),
    rulesHash,
    tool: { name: "freshet", version: deps.version },
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
