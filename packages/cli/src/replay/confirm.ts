import { FreshetError } from "@freshet/protocol";
import type { Deps } from "../deps.js";

export interface Confirmation {
  readonly deployment: string;
  /** Keys and tags that would be touched, and what is in the indexes of the tags. */
  readonly touched: number;
  readonly above: number;
  readonly yes: boolean;
}

/** Whether so much asks for more than `--apply`. */
export function needsConfirmation({ touched, above }: Pick<Confirmation, "touched" | "above">): boolean {
  return touched > above;
}

/**
 * Asks for the deployment's name where very much would be touched. `false` when it was stopped while it waited.
 *
 * @throws FreshetError FR1005 when it is not typed, or nobody is there to type it.
 */
export async function confirm(
  { deployment, touched, above, yes }: Confirmation,
  { terminal, stop }: Pick<Deps, "terminal" | "stop">,
): Promise<boolean> {
  if (yes || !needsConfirmation({ touched, above })) return true;
  const much = `this replay touches ${touched} keys and tags, more than ${above}`;
  const typed = await terminal.ask(`${much}.\nType the name of the deployment (${deployment}) to go on: `, stop);
  if (typed === deployment) return true;
  if (typed === null && stop.aborted) return false;
  const problem = typed === null ? `${much}, and nobody is at a terminal to confirm it` : refusalOf(typed);
  throw new FreshetError("FR1005", "usage", `${problem}; nothing was changed`, "Look at the plan; then add --yes, or --confirm-above.");
}

function refusalOf(typed: string): string {
  return typed === "" ? "nothing was typed" : "the name typed is not the deployment's";
}
