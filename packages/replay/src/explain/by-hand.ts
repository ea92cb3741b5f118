import { type AuditEntry, auditEntrySchema } from "../audit/audit-entry.js";
import { readRanges } from "../dead-letters/temporary-group.js";
import { auditTopicOf } from "../topics.js";
import type { ByHandReport } from "./explanation.js";
import type { ExplainKafka } from "./scan-events.js";

export interface ByHandQuery {
  readonly deployment: string;
  readonly group: string;
  readonly sinceMs: number;
  /** How many are told. */
  readonly limit: number;
  /** The key, and the tags that its entries carry. */
  readonly key: string;
  readonly tags: ReadonlySet<string>;
  readonly stop: AbortSignal;
}

/**
 * The busts of a key or of its tags that people did by hand, newest first, by the audit trail: who, why, and what came of it. None
 * where there is no such topic. Errors as `LogReading`.
 */
export async function bustsByHand(kafka: ExplainKafka, query: ByHandQuery): Promise<readonly ByHandReport[]> {
  const { deployment, group, sinceMs, limit, key, tags, stop } = query;
  const topic = auditTopicOf(deployment);
  const starts = await kafka.offsetsAt([topic], sinceMs);
  const ranges = (await kafka.offsets([topic])).map(({ partition, earliest, stable }) => {
    const start = starts.find((at) => at.partition === partition)?.offset ?? earliest;
    return { topic, partition, from: Math.min(Math.max(earliest, start), stable), to: stable };
  });
  const found = new Map<string, AuditEntry>(); // the outcome comes after its intention, and takes its place
  await readRanges(kafka, {
    group,
    ranges,
    stop,
    onBatch: async ({ records }) => {
      for (const { value } of records) {
        const entry = value === null ? null : readEntry(value);
        if (entry === null || entry.action !== "bust") continue;
        if (entry.target.key === key || tags.has(entry.target.tag ?? "")) found.set(entry.id, entry);
      }
    },
  });
  return [...found.values()].reverse().slice(0, limit).map(reportOf);
}

/** What is no entry of this release is passed over: the topic is for people, and nothing hangs on it. */
function readEntry(value: Uint8Array): AuditEntry | null {
  try {
    return auditEntrySchema.parse(JSON.parse(new TextDecoder().decode(value)));
  } catch {
    return null;
  }
}

function reportOf({ id, startedAt, who, reason, target, outcome, counts }: AuditEntry): ByHandReport {
  const { user, host } = who;
  const subject = target.subject ?? "";
  const mode = target.mode ?? "hard";
  return {
    id,
    at: startedAt,
    user,
    host,
    reason,
    name: target.key ?? target.tag ?? "",
    subject,
    version: target.version ?? null,
    mode,
    outcome,
    counts,
  };
}
