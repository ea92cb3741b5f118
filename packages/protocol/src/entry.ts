/** What to do with an entry whose version cannot be read: wrong Redis type, no version, digits that are not canonical. */
export type OnUnversioned = "bust" | "keep";

/** The kinds of cached entries (`protocol.md` section 4). */
export type EntryKind = "managed" | "hash" | "json" | "prefix" | "companion" | "opaque";

/** How the entries of one family are stored, compared and gated. */
export interface EntrySpec {
  readonly kind: EntryKind;
  /** `hash`: the field, `json`: the top-level member that holds the version. `""` for other kinds. */
  readonly versionField: string;
  readonly onUnversioned: OnUnversioned;
  /** Whether busts leave floors: always for `managed`, by `gate: true` for others, never for `opaque`. */
  readonly gate: boolean;
  /** F of the family in milliseconds: how long a floor lives after it was last raised. */
  readonly floorTtlMs: number;
  /** How long a softened entry may still be served, in milliseconds; 0 for kinds that cannot be softened. */
  readonly staleTtlMs: number;
}
