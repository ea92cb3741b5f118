import { asFreshetError, FreshetError } from "@freshet/protocol";
import { type AuditEnd, type AuditEntry, type AuditIntention, ended, started } from "./audit-entry.js";

export interface AuditedOptions {
  readonly intention: AuditIntention;
  readonly clock: { nowMs(): number };
  /** `writeAudit`, with whatever connection there is. */
  readonly send: (entry: AuditEntry) => Promise<void>;
  /** What was done by the time it failed; nothing when absent. */
  readonly countsSoFar?: () => AuditEnd["counts"];
}

/** How an action ended that did not fail. */
export type AuditedEnd = Pick<AuditEnd, "counts"> & { readonly outcome: Exclude<AuditEnd["outcome"], "failed"> };

/**
 * Acts between two entries of the audit trail. The intention is written first: where it cannot be, nothing is done. What was done
 * stays done when the outcome cannot be written; the error says so, and whoever acts has told the result by then.
 *
 * @throws FreshetError whatever acting throws, once that too is in the trail; as `send`.
 */
export async function audited(options: AuditedOptions, act: () => Promise<AuditedEnd>): Promise<void> {
  const { intention, clock, send, countsSoFar } = options;
  const begun = started(intention, clock.nowMs());
  await send(begun).catch((error: unknown) => {
    throw retold(error, "nothing was done, as the audit trail cannot be written");
  });
  let end: AuditedEnd;
  try {
    end = await act();
  } catch (error) {
    const failure = { outcome: "failed", counts: countsSoFar?.() ?? {}, error: asFreshetError(error).code } as const;
    await send(ended(begun, { ...failure, nowMs: clock.nowMs() })).catch(() => {}); // what went wrong first is what is told
    throw error;
  }
  await send(ended(begun, { ...end, nowMs: clock.nowMs() })).catch((error: unknown) => {
    throw retold(error, "it is done, but its outcome is missing in the audit trail");
  });
}

function retold(error: unknown, what: string): FreshetError {
  const { code, disposition, message, fix } = asFreshetError(error);
  return new FreshetError(code, disposition, `${what}: ${message}`, fix, error);
}
