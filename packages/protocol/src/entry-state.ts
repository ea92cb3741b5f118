import type { BlindFloor, Floor } from "./floors.js";
import type { Version } from "./version.js";

/** The right to fill one key. At its deadline it is too late. Times are microseconds of the key's own Redis. */
export interface Lease {
  readonly token: string;
  readonly startUs: number;
  readonly deadlineUs: number;
}

/** A fill whose tags are not yet written: invisible to readers, and gone for good at its deadline. */
export interface Provisional {
  readonly token: string;
  readonly deadlineUs: number;
}

/** A soft bust marked the entry stale, and nobody is served it after `keepUntilUs`. */
export interface Softened {
  readonly atUs: number;
  readonly keepUntilUs: number;
}

/** How long a value may be served, and what it depends on besides its deps. */
export interface Lifetime {
  /** When its load began, `null` when the writer did not say. */
  readonly loadStartUs: number | null;
  /** From then on it is a stale hit; `null`: never. */
  readonly freshUntilUs: number | null;
  /** From then on it counts as absent for readers; `null`: never. */
  readonly keepUntilUs: number | null;
  readonly softened: Softened | null;
  readonly provisional: Provisional | null;
  /** Epoch tag → the generation that was read when the lease was taken. */
  readonly epochs: ReadonlyMap<string, number>;
}

/**
 * What a step sees of one key. `value` is what covers are read from: the deps of a managed entry, the one version of an
 * entry that existing services write, `"unversioned"` when it cannot be read as its kind, `"opaque"` when its kind has no
 * version, `null` when nothing is there, `"foreign"` when the key holds another Redis type: unversioned too, and a value
 * that stays has no room for a floor.
 */
export interface EntryState extends Lifetime {
  readonly value:
    | null
    | "opaque"
    | "unversioned"
    | "foreign"
    | { readonly deps: ReadonlyMap<string, Version> }
    | { readonly version: Version };
  /** In the order in which their subjects were first raised. */
  readonly floors: readonly Floor[];
  readonly blindFloor: BlindFloor | null;
  readonly lease: Lease | null;
}

/** A key at which nothing is. */
export const noEntry: EntryState = {
  value: null,
  floors: [],
  blindFloor: null,
  lease: null,
  loadStartUs: null,
  freshUntilUs: null,
  keepUntilUs: null,
  softened: null,
  provisional: null,
  epochs: new Map(),
};
