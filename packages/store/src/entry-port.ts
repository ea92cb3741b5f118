import type { EntrySpec, Epoch, Version } from "@freshet/protocol";

/** A stored value with what it was built from. */
export interface StoredValue {
  readonly value: Buffer;
  readonly encoding: string;
  readonly deps: ReadonlyMap<string, Version>;
  readonly tags: readonly string[];
  readonly loadStartUs: number | null;
  readonly freshUntilUs: number | null;
  readonly keepUntilUs: number | null;
}

/** `fresh` and `stale` may be served; `none`: there is nothing a reader may have. */
export interface ReadReply {
  readonly found: "fresh" | "stale" | "none";
  readonly stored: StoredValue | null;
  /** The entry's epoch tags, as they stood at this read. A fill is given exactly these. */
  readonly epochs: ReadonlyMap<string, Epoch>;
  /** The time of the key's own Redis, in microseconds. */
  readonly atUs: number;
}

export interface LeaseRequest {
  readonly key: string;
  /** Of entries of kind `companion`. */
  readonly versionKey?: string;
  readonly entry: EntrySpec;
  /** Unique to the caller and this load; at most 64 bytes, no control characters. */
  readonly token: string;
  /** What `read` answered. */
  readonly epochs: ReadonlyMap<string, Epoch>;
  /** L, in milliseconds. */
  readonly leaseTtlMs: number;
}

/** `stored` is `null` unless a managed entry may be served: others are read by the services that write them. */
export type LeaseReply =
  | { readonly outcome: "hit"; readonly stored: StoredValue | null; readonly atUs: number }
  /** The key holds what is not of this family: whatever is loaded cannot be stored, by anybody. */
  | { readonly outcome: "foreign"; readonly stored: null; readonly atUs: number }
  | {
      readonly outcome: "leased" | "stale_leased";
      readonly stored: StoredValue | null;
      /** Subject → the version a load must have at least, so that the loader can turn to the primary. */
      readonly min: ReadonlyMap<string, Version>;
      readonly leaseStartUs: number;
      readonly atUs: number;
    }
  | { readonly outcome: "busy" | "stale_busy"; readonly stored: StoredValue | null; readonly waitMs: number; readonly atUs: number };

export interface FillRequest {
  readonly key: string;
  readonly entry: EntrySpec;
  readonly token: string;
  readonly value: Buffer;
  readonly encoding: string;
  readonly deps: ReadonlyMap<string, Version>;
  /** Swept tags. With any the entry is provisional until `promote`. */
  readonly tags: readonly string[];
  /** What the lease was asked for with. */
  readonly epochs: ReadonlyMap<string, Epoch>;
  readonly primaryRead: boolean;
  readonly freshMs: number | null;
  readonly keepMs: number;
  /** R = lag + C, in milliseconds. */
  readonly readLagMs: number;
  /** P, in milliseconds. */
  readonly provisionalMs: number;
}

export type FillReply =
  | { readonly outcome: "filled"; readonly leaseStartUs: number; readonly atUs: number }
  | { readonly outcome: "refused"; readonly reason: "lease_lost" | "floor" | "epoch" | "older" };

/** Writes an entry of an existing service, in a family with a gate. */
export interface SetRequest {
  readonly key: string;
  readonly versionKey?: string;
  readonly entry: EntrySpec;
  /** `null`: without a lease. */
  readonly token: string | null;
  /** `hash`: the fields without the version's own; `json`: the text with the version in it; `prefix`: what follows `<version>\n`. */
  readonly content: ReadonlyMap<string, string> | Buffer;
  readonly subject: string;
  readonly version: Version;
  readonly keepMs: number;
  readonly primaryRead: boolean;
  readonly readLagMs: number;
}

export type SetReply =
  | { readonly outcome: "stored" }
  | { readonly outcome: "refused"; readonly reason: "lease_lost" | "floor" | "older" | "foreign" };

/**
 * What readers and loaders do with entries.
 *
 * @throws FreshetError FR1006 (`usage`) for a request that breaks a limit or names no canonical version, before anything
 *   is sent; of `fill` and of `setIfNewer` with a token also for F < L + R, with L as the lease was given: then nothing is
 *   written. `wait` or `halt` from Redis.
 */
export interface EntryPort {
  /** One round trip: the entry and its epochs. */
  read(key: string, entry: EntrySpec, epochTags: readonly EpochTag[]): Promise<ReadReply>;
  lease(request: LeaseRequest): Promise<LeaseReply>;
  fill(request: FillRequest): Promise<FillReply>;
  promote(key: string, entry: EntrySpec, token: string): Promise<"promoted" | "gone">;
  drop(key: string, entry: EntrySpec, token: string): Promise<"dropped" | "gone">;
  setIfNewer(request: SetRequest): Promise<SetReply>;
}

/** An epoch tag and C, in milliseconds, for the case that it has to be made. */
export interface EpochTag {
  readonly tag: string;
  readonly skewMs: number;
  /** `preview`: a missing one is answered as it would be made now, and nothing is written. `apply` by default. */
  readonly run?: "apply" | "preview";
}
