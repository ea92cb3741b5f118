import { asFreshetError, FreshetError } from "@freshet/protocol";
import { type AuditEntry, type AuditIntention, ended, started, writeAudit } from "@freshet/replay";
import { kafkaPeer, useBounded } from "./bounded.js";
import type { Deployment, Deps } from "./deps.js";

/** What the options say of an action; who does it, with what and when is known here. */
export type Intention = Pick<AuditIntention, "action" | "reason" | "target" | "filter" | "rulesHash">;

/** How many of what an action did. */
export type Counts = Readonly<Record<string, number>>;

const REASON_LENGTH_MAX = 1000;

/** @throws FreshetError `usage` when it is too long to be a reason. */
export function readReason(reason: string | undefined): string {
  if (reason === undefined || reason.length <= REASON_LENGTH_MAX) return reason ?? "";
  throw new FreshetError(
    "FR1001",
    "usage",
    `--reason is longer than ${REASON_LENGTH_MAX} characters`,
    "Name the incident, and tell the rest there.",
  );
}

/**
 * Acts between two entries of the audit trail. The intention is written first: where it cannot be, nothing is done. What
 * was done stays done, and is told by then, when the outcome cannot be written; the error says so.
 *
 * @throws FreshetError whatever acting throws, once that too is in the trail; as `writeAudit`.
 */
export async function audited(intention: Intention, act: () => Promise<Counts>, { deployment, deps }: Where): Promise<void> {
  const { version } = deps;
  const known = { ...intention, id: deps.newId(), deployment: deployment.name, who: { ...deps.who() }, tool: { name: "freshet", version } };
  const begun = started(known, deps.clock.nowMs());
  await send(begun, deployment).catch((error: unknown) => {
    throw retold(error, "nothing was done, as the audit trail cannot be written");
  });
  let counts: Counts;
  try {
    counts = await act();
  } catch (error) {
    const end = { outcome: "failed", counts: {}, error: asFreshetError(error).code, nowMs: deps.clock.nowMs() } as const;
    await send(ended(begun, end), deployment).catch(() => {}); // what went wrong first is what is told
    throw error;
  }
  await send(ended(begun, { outcome: "done", counts, nowMs: deps.clock.nowMs() }), deployment).catch((error: unknown) => {
    throw retold(error, "it is done, but its outcome is missing in the audit trail");
  });
}

interface Where {
  readonly deployment: Deployment;
  readonly deps: Deps;
}

/** A connection of its own each time: how long acting takes is no matter of Kafka's. */
async function send(entry: AuditEntry, deployment: Deployment): Promise<void> {
  await useBounded(
    kafkaPeer,
    () => deployment.connectKafka(),
    (kafka) => writeAudit(kafka, entry),
  );
}

function retold(error: unknown, what: string): FreshetError {
  const { code, disposition, message, fix } = asFreshetError(error);
  return new FreshetError(code, disposition, `${what}: ${message}`, fix, error);
}
