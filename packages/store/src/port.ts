import type {
  BustOutcome,
  EntrySpec,
  EntryState,
  Epoch,
  ErrorCode,
  Floors,
  IndexMember,
  KeyBust,
  PendingBust,
  SweepCursor,
  TagBust,
  TagOutcome,
  TagState,
} from "@freshet/protocol";
import type { EntryPort, EpochTag } from "./entry-port.js";

export type {
  EntryPort,
  EpochTag,
  FillReply,
  FillRequest,
  LeaseReply,
  LeaseRequest,
  ReadReply,
  SetReply,
  SetRequest,
  StoredValue,
} from "./entry-port.js";
export { readOnly } from "./read-only.js";

/** What `freshet get` and tests see of one key. */
export interface EntryView extends EntryState {
  /** Bytes of the stored value; `null` when nothing is there. */
  readonly valueBytes: number | null;
  /** The writer's note on content type and compression; `""` when there is none. */
  readonly encoding: string;
  /** The swept tags in whose index the entry is. */
  readonly tags: readonly string[];
  /** Remaining time to live of the Redis key in milliseconds; `null` when it has none or is not there. */
  readonly ttlMs: number | null;
  /** The clock of the key's Redis when it was looked at, in microseconds; what the times of this view are compared with. */
  readonly nowUs: number;
  /** What lies under the key: `none`, `hash`, `string`, … */
  readonly redisType: string;
}

/** What `freshet get --tag` and tests see of one tag. */
export interface TagView extends TagState {
  /** Members of the index. */
  readonly indexSize: number;
  /** `null` when the tag has no epoch, and none is made by looking. */
  readonly epoch: Epoch | null;
}

/** What a server says of itself. */
export interface ServerView {
  /** `host:port` where there are several, else empty. */
  readonly address: string;
  readonly product: "redis" | "valkey" | "memory";
  readonly version: string;
  readonly isCluster: boolean;
  readonly role: string;
  readonly maxmemoryPolicy: string;
  /** Its clock when it answered, in milliseconds since 1970; `null` when it does not say. */
  readonly clockMs: number | null;
}

/** A finding of the start-up probe. `fatal` ones keep the service from starting. */
export interface ProbeFinding {
  readonly fatal: boolean;
  /** What was looked at. */
  readonly about: "version" | "mode" | "role" | "eviction" | "rights" | "scripts";
  /** FR2003 for rights that are missing, FR2004 for a server that is not as it must be. */
  readonly code: ErrorCode;
  readonly problem: string;
  readonly fix: string;
}

/** What the invalidator does with what a rules file says. */
export interface BustPort {
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
  /**
   * Busts tags: a swept one has its floor and is on the list of pending sweeps when this returns, an epoch one has its new
   * generation. Same errors, idempotent in the same way.
   */
  bustTags(busts: readonly TagBust[]): Promise<readonly TagOutcome[]>;
  previewTags(busts: readonly TagBust[]): Promise<readonly TagOutcome[]>;
}

export interface IndexAddRequest {
  readonly tag: string;
  readonly key: string;
  readonly fillTimeUs: number;
  readonly keepMs: number;
  /** F_tag, in milliseconds. */
  readonly floorTtlMs: number;
  readonly skewMs: number;
}

/** What a two-step fill and a sweep do with the tags' indexes. */
export interface TagPort {
  /** The live floors of the tag, read after the index was written. */
  indexAdd(request: IndexAddRequest): Promise<Floors & { readonly score: number }>;
  /** How many were removed: only those whose score is still the one seen. */
  indexRemove(tag: string, members: readonly IndexMember[]): Promise<number>;
  /** The epochs of several tags; missing ones are made. */
  epochs(tags: readonly EpochTag[]): Promise<ReadonlyMap<string, Epoch>>;
  inspectTag(tag: string): Promise<TagView>;
}

/** A tag in the registry, with what its removal must have seen. */
export interface RegisteredSweep {
  readonly tag: string;
  readonly seen: number;
}

export type ClaimReply =
  | {
      readonly outcome: "claimed";
      readonly busts: readonly PendingBust[];
      readonly cursor: SweepCursor | null;
      /** Bytes of work left are not known; when the oldest bust of the list was raised tells how late it is. */
      readonly atUs: number;
    }
  | { readonly outcome: "held" | "idle" };

/** `own`: one of Freshet's own keys, left alone. `refused`: Redis lets this user not touch the key, so nothing was done. */
export type MemberOutcome = BustOutcome | "own" | "refused";

/** What walks the indexes of busted tags. Whoever writes with an id that is not the current one is told `lost`. */
export interface SweepPort {
  /** The tags that are or were about to be swept, those first whose last bust is longest ago; at most so many where a number is given. */
  pendingSweeps(atMost?: number): Promise<readonly RegisteredSweep[]>;
  /** `id`: another one for each claim. `was`: that of the same worker's last claim; what it holds is taken over at once. */
  claimSweep(tag: string, claim: { readonly id: string; readonly was?: string | undefined; readonly holdMs: number }): Promise<ClaimReply>;
  /** Members of the index by score and member, from the cursor's score on (inclusive) up to the bound. */
  readIndex(
    tag: string,
    range: { readonly from: number | null; readonly to: number; readonly limit: number },
  ): Promise<readonly IndexMember[]>;
  /**
   * Busts entries of a walk: no floor is left, the tag's covers them. Busts of one key stand together. What somebody put into an index
   * without reason holds up nothing else.
   */
  bustMembers(busts: readonly KeyBust[]): Promise<readonly MemberOutcome[]>;
  /** One step done: what is gone leaves the index, and the cursor moves. */
  moveSweep(
    tag: string,
    step: { readonly id: string; readonly holdMs: number; readonly cursor: SweepCursor; readonly gone: readonly IndexMember[] },
  ): Promise<"moved" | "lost">;
  endSweep(tag: string, id: string): Promise<"ended" | "more" | "lost">;
  /** Takes a tag off the registry, unless somebody put it there again since it was seen. */
  forgetSweep(registered: RegisteredSweep): Promise<boolean>;
  /** Removes members whose entries cannot be served any more; how many. At most 1,000 a call. */
  trimIndex(tag: string, skewMs: number): Promise<number>;
}

/** The time bounds of `protocol.md` section 1, in milliseconds. */
export interface TimeBounds {
  /** L: lease TTL, the longest allowed load. */
  readonly leaseMs: number;
  /** Longest a loader may still read old data after the commit. */
  readonly lagMs: number;
  /** C: largest clock difference between Redis shards. */
  readonly skewMs: number;
  /** P: longest a two-step fill may take. */
  readonly fillMs: number;
  /** F: how long floors on entries live. */
  readonly floorMs: number;
  /** F_tag: how long floors on tags live. */
  readonly tagFloorMs: number;
}

/** What the invalidator leaves floors by: of every family, and of those that have bounds of their own. */
export interface PublishedBounds extends TimeBounds {
  readonly families?: Readonly<Record<string, TimeBounds>>;
}

/** Where invalidator and readers agree on the time bounds. */
export interface BoundsPort {
  /** @throws FreshetError FR1006 (`usage`) for floors that end before a load may: F < L + R, or for tags F < L + R + P. */
  publishBounds(bounds: PublishedBounds): Promise<void>;
  /**
   * `null` when nobody has published any.
   *
   * @throws FreshetError FR2005 (`halt`) for a text that is none.
   */
  readBounds(): Promise<PublishedBounds | null>;
}

/**
 * The store: cached entries, tags and the steps on them. Implemented over Redis, one server or a cluster, and in memory;
 * `storeConformance` in the testkit proves that they behave alike.
 */
export interface StorePort extends BustPort, EntryPort, TagPort, SweepPort, BoundsPort {
  /** Reads one key without touching it. */
  inspect(key: string, entry: EntrySpec, versionKey?: string): Promise<EntryView>;
  /** Everything that must be true of the store before it may be used. */
  probe(): Promise<readonly ProbeFinding[]>;
  /** Each server that takes writes, as it describes itself; asked at the same time. Errors as `probe`. */
  servers(): Promise<readonly ServerView[]>;
  close(): Promise<void>;
}
