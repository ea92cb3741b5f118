import type { BustOutcome, EntrySpec, EntryState, KeyBust } from "@freshet/protocol";

/** What `freshet get` and tests see of one key. */
export interface EntryView extends EntryState {
  /** Bytes of the stored value; `null` when nothing is there. */
  readonly valueBytes: number | null;
  /** Remaining time to live of the Redis key in milliseconds; `null` when it has none or is not there. */
  readonly ttlMs: number | null;
  /** What lies under the key: `none`, `hash`, `string`, … */
  readonly redisType: string;
}

/** A finding of the start-up probe. `fatal` ones keep the service from starting. */
export interface ProbeFinding {
  readonly fatal: boolean;
  readonly problem: string;
  readonly fix: string;
}

/**
 * The store: cached entries and the steps on them. Implemented over Redis (`redis-store`) and in memory (`memory-store`);
 * `storeConformance` in the testkit proves that they behave alike.
 */
export interface StorePort {
  /**
   * Busts entries, each atomically, and answers with one outcome a bust, in order. Steps of one call may run in any
   * order, so a caller never depends on it.
   *
   * @throws FreshetError `wait` or `halt` when one of them is not known to be done. Busts are idempotent: the caller
   *   calls again with all of them, and nothing counts as done until a call returns.
   */
  bust(busts: readonly KeyBust[]): Promise<readonly BustOutcome[]>;
  /** The outcomes that `bust` would have now, each judged by itself; writes nothing. Same errors. */
  preview(busts: readonly KeyBust[]): Promise<readonly BustOutcome[]>;
  /** Reads one key without touching it. */
  inspect(key: string, entry: EntrySpec): Promise<EntryView>;
  /** Everything that must be true of the store before it may be used. */
  probe(): Promise<readonly ProbeFinding[]>;
  close(): Promise<void>;
}

/** The same store, read-only: `bust` answers what it would have done (`FRESHET_MODE=observe`, dry runs). */
export function readOnly(store: StorePort): StorePort {
  return { ...bound(store), bust: (busts) => store.preview(busts) };
}

function bound(store: StorePort): StorePort {
  return {
    bust: (busts) => store.bust(busts),
    preview: (busts) => store.preview(busts),
    inspect: (key, entry) => store.inspect(key, entry),
    probe: () => store.probe(),
    close: () => store.close(),
  };
}
