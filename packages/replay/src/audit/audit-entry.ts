import { parseVersion, type Version } from "@freshet/protocol";
import { z } from "zod";
import { count, errorCode, instant, mode, rulesHash, text } from "../json-kinds.js";

/** What people do by hand, as audit entries name it. Publishing is not among them: the event itself is the trace it leaves. */
const auditActions = ["bust", "replay dlq", "replay history", "replay abort"] as const;
/** `started` is the intention, written before anything is touched; the others end it. */
const auditOutcomes = ["started", "done", "failed", "interrupted", "aborted"] as const;

const version = z
  .custom<Version>((value) => typeof value === "string" && parseVersion(value) !== null)
  .meta({ type: "string", pattern: "^(?:0|[1-9][0-9]{0,19})$", description: "Canonical decimal digits, never a number." });

// Open objects: a reader of today must not break on a member of tomorrow.
const target = z.looseObject({
  key: text.optional(),
  family: text.optional(),
  tag: text.optional(),
  topic: text.optional().meta({ description: "What a replay read." }),
  job: text.optional().meta({ description: "The id of a replay's job." }),
  subject: text.optional().meta({ description: "<space>/<id>, of a bust." }),
  version: version.nullable().optional().meta({ description: "null for a blind bust." }),
  mode: mode.optional(),
});

/** One record of `freshet.audit.<deployment>`. */
export const auditEntrySchema = z
  .looseObject({
    v: z.literal(1),
    id: text.meta({ description: "The record's key; intention and outcome of one action share it." }),
    deployment: text,
    action: z.enum(auditActions),
    who: z.looseObject({
      user: text.meta({ description: "Of the operating system." }),
      host: text,
    }),
    reason: z.string().meta({ description: "What --reason said; empty without it." }),
    target,
    filter: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .meta({ description: "The options that chose what was acted on, by name." }),
    rulesHash: rulesHash.nullable().meta({ description: "null where no rules took part." }),
    tool: z.looseObject({ name: text, version: text }),
    startedAt: instant,
    endedAt: instant.nullable().meta({ description: "null in the intention." }),
    outcome: z.enum(auditOutcomes),
    counts: z.record(z.string(), count).meta({ description: "How many of what came of it; empty in the intention." }),
    error: errorCode.optional().meta({ description: "The code it failed with." }),
  })
  .refine(({ outcome, endedAt }) => (outcome === "started") === (endedAt === null), { error: "endedAt is null exactly when started" });

/** Who did what by hand, why, and what came of it. Times are RFC 3339 in UTC. */
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** What is known before an action begins. */
export type AuditIntention = Pick<
  AuditEntry,
  "id" | "deployment" | "action" | "who" | "reason" | "target" | "filter" | "rulesHash" | "tool"
>;

/** The entry that is written before anything is touched. */
export function started(intention: AuditIntention, nowMs: number): AuditEntry {
  const { id, deployment, action, who, reason, target, filter, rulesHash, tool } = intention;
  const known = { id, deployment, action, who, reason, target, filter, rulesHash, tool };
  return { v: 1, ...known, startedAt: new Date(nowMs).toISOString(), endedAt: null, outcome: "started", counts: {} };
}

/** How an action ended. */
export interface AuditEnd {
  readonly outcome: Exclude<AuditEntry["outcome"], "started">;
  readonly counts: Readonly<Record<string, number>>;
  /** The code it failed with. */
  readonly error?: string;
  readonly nowMs: number;
}

/** The entry that ends a started one: the same in all that was known before. */
export function ended(begun: AuditEntry, { outcome, counts, error, nowMs }: AuditEnd): AuditEntry {
  const end = { ...begun, endedAt: new Date(nowMs).toISOString(), outcome, counts: { ...counts } };
  return error === undefined ? end : { ...end, error };
}
