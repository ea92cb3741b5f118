import { type BustOutcome, FreshetError, type TagOutcome } from "@freshet/protocol";
import type { BustPort } from "@freshet/store/port";
import type { Plan } from "./plan.js";

/** What the store did: one outcome for each bust of the plan, in its order. */
export interface Applied {
  readonly outcomes: readonly BustOutcome[];
  readonly tagOutcomes: readonly TagOutcome[];
}

/**
 * The fourth arrow: the planned busts, on the store. One outcome for each, or an error and nothing is known: busts are
 * idempotent, so the whole slice is tried again. A swept tag is done when its floor and its place on the list of pending
 * sweeps are written.
 *
 * @throws FreshetError from the store, `wait` or `halt`.
 */
export async function apply({ busts, tagBusts }: Plan, store: BustPort): Promise<Applied> {
  if (tagBusts.length === 0) return { outcomes: await answered(busts, (all) => store.bust(all)), tagOutcomes: [] };
  const [outcomes, tagOutcomes] = await Promise.all([
    answered(busts, (all) => store.bust(all)),
    answered(tagBusts, (all) => store.bustTags(all)),
  ]);
  return { outcomes, tagOutcomes };
}

async function answered<B, O>(busts: readonly B[], send: (busts: readonly B[]) => Promise<readonly O[]>): Promise<readonly O[]> {
  if (busts.length === 0) return [];
  const outcomes: readonly (O | undefined)[] = await send(busts);
  if (outcomes.length === busts.length && !outcomes.includes(undefined) && outcomes.every(isThere)) return outcomes;
  const problem = `the store gave no outcome for some of ${busts.length} busts`;
  throw new FreshetError("FR2005", "halt", problem, "Report it: a bust without an answer never counts as done.");
}

function isThere<O>(outcome: O | undefined): outcome is O {
  return outcome !== undefined;
}
