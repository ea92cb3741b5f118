import type { BustOutcome } from "@freshet/protocol";
import type { StorePort } from "@freshet/store/port";
import type { Plan } from "./plan.js";

/**
 * The fourth arrow: the planned busts, on the store. One outcome for each, or an error and nothing is known: busts are
 * idempotent, so the whole slice is tried again.
 *
 * @throws FreshetError from the store, `wait` or `halt`.
 */
export async function apply(plan: Plan, store: StorePort): Promise<readonly BustOutcome[]> {
  return plan.busts.length === 0 ? [] : await store.bust(plan.busts);
}
