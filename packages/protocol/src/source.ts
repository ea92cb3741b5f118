import type { Op, SpaceKind } from "./event.js";

export type SourceFormat = "cloudevents" | "debezium" | "outbox" | "json";

/** Where a field of an event is read from: a header of the record or an RFC 6901 pointer into its data. */
export type FieldRef = { readonly from: "header"; readonly name: string } | { readonly from: "pointer"; readonly path: readonly string[] };

/** One source of the rules file, resolved: all that `decode` needs to turn a record into a `DomainEvent`. */
export interface SourceSpec {
  readonly name: string;
  readonly topic: string;
  readonly format: SourceFormat;
  readonly space: string;
  readonly spaceKind: SpaceKind;
  /** By event type, exact; anything else is `update`. */
  readonly ops: ReadonlyMap<string, Op>;
  /** Pointer into the data, or `null`. */
  readonly previous: readonly string[] | null;
  readonly tenant: FieldRef | null;
  /** Whether this source takes events of this type (`match.types`, `*` as wildcard); always true without `match`. */
  readonly matchesType: (type: string) => boolean;
  /** Whether this source is trusted with events of this tenant (`match.tenants`); any, and none, without it. */
  readonly matchesTenant?: (tenant: string | null) => boolean;
  /** `strict: true`: a record that no source of the topic matches is `untrusted` instead of `no_match`. */
  readonly strict: boolean;
  /** What a null value means. */
  readonly tombstones: "ignore" | "delete";
  /** Whether the service puts canaries into its partitions, where it has one. */
  readonly canary?: true;
  /** `registry`: values and keys may name their schema in a registry. Plain without it. */
  readonly encoding?: "registry";
  /** What formats that do not say it themselves are told; absent for CloudEvents. */
  readonly reads?: SourceReads;
}

/** Where rows and documents have what an event needs. The columns of a row are pointers of one step. */
export interface SourceReads {
  /** The parts of the subject; empty where the record key is the subject. */
  readonly id: readonly FieldRef[];
  /** `null` exactly for `versions: none`. */
  readonly version: FieldRef | null;
  readonly type: FieldRef | null;
  readonly time: FieldRef | null;
  /** Whether the images before a change are whole rows: what the database logs of a deleted row. */
  readonly replicaIdentity: "full" | "default";
}
