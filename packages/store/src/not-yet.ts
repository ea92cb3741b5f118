import { FreshetError } from "@freshet/protocol";

/** What this release refuses. */
export function notYet(what: string): FreshetError {
  return new FreshetError("FR1004", "usage", `This release does not run ${what}.`, "Change the family or rule in the rules file.");
}
