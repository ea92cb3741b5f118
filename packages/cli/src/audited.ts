import { FreshetError } from "@freshet/protocol";
import { type Actor, type AuditedEnd, type AuditIntention, audited as auditedWith, writeAudit } from "@freshet/replay";
import { kafkaPeer, useBounded } from "./bounded.js";
import type { Deployment, Deps } from "./deps.js";

/** What the options say of an action; who does it, with what and when is known here. */
export type Intention = Pick<AuditIntention, "action" | "reason" | "target" | "filter" | "rulesHash">;

/** How many of what an action did. */
export type Counts = AuditedEnd["counts"];

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

/** Who acts, as the audit trail names them; a fresh id each time. */
export function actorOf({ newId, who, version }: Pick<Deps, "newId" | "who" | "version">): Actor {
  return { id: newId(), who: { ...who() }, tool: { name: "freshet", version } };
}

/**
 * Acts between two entries of the audit trail. A connection of its own for each: how long acting takes is no matter of Kafka's.
 *
 * @throws FreshetError as `audited` of `@freshet/replay`.
 */
export async function audited(intention: Intention, act: () => Promise<Counts>, { deployment, deps }: Where): Promise<void> {
  await auditedWith(
    {
      intention: { ...intention, ...actorOf(deps), deployment: deployment.name },
      clock: deps.clock,
      send: (entry) =>
        useBounded(
          kafkaPeer,
          () => deployment.connectKafka(),
          (kafka) => writeAudit(kafka, entry),
        ),
    },
    async () => ({ outcome: "done", counts: await act() }),
  );
}

interface Where {
  readonly deployment: Deployment;
  readonly deps: Deps;
}
