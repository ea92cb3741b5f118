import { type BustOutcome, FreshetError } from "@freshet/protocol";
import type { BustPort } from "@freshet/store/port";
import type { Plan } from "./plan.js";

/**
 * The fourth arrow: the planned busts, on the store. One outcome for each, or an error and nothing is known: busts are
 * idempotent, so the whole slice is tried again.
 *
 * @throws FreshetError from the store, `wait` or `halt`.
 */
export async function apply(plan: Plan, store: BustPort): Promise<readonly BustOutcome[]> {
  if (plan.busts.length === 0) return [];
  const outcomes: readonly (BustOutcome | undefined)[] = await store.bust(plan.busts);
  if (outcomes.length === plan.busts.length && !outcomes.includes(undefined) && outcomes.every(isThere)) return outcomes;
  const problem = `the store gave no outcome for some of ${plan.busts.length} busts`;
  throw new FreshetError("FR2005", "halt", problem, "Report it: a bust without an answer never counts as done.");
}

function isThere(outcome: BustOutcome | undefined): outcome is BustOutcome {
  return outcome !== undefined;
}
