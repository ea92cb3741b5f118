import type { Model } from "./search.ts";
import type { Edit, Steps } from "./steps.ts";

/** A model that must hold. */
export interface Holding {
  readonly name: string;
  /** `small` ones run with every test run, `large` ones with `npm run model`. */
  readonly size: "small" | "large";
  /** Limits of the protocol, lowered so that a small model reaches them. */
  readonly lowered?: readonly Edit[];
  readonly model: (steps: Steps) => Model;
}

/** A safety line taken away: the search must find a stale value. */
export interface Mutant {
  readonly name: string;
  /** Of the shipped text. None when the line is one of the orchestration, which the model itself then leaves out. */
  readonly edits: readonly Edit[];
  readonly model: (steps: Steps) => Model;
}

/** An edit that lowers a limit. */
export function lower(limit: string, from: number, to: number): Edit {
  return { file: "limits.ts", from: `${limit}: ${from},`, to: `${limit}: ${to},` };
}
