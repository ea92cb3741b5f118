import type { EntrySpec } from "./entry.js";
import type { SpaceKind } from "./event.js";
import type { Version } from "./version.js";

/** Hard removes an entry; soft marks it stale. */
export type BustMode = "hard" | "soft";

/** What a bust says of its event, the same for keys, swept tags and epochs. */
export interface BustFact {
  /** The subject of the protocol, `<space>/<id>`. */
  readonly subject: string;
  /** `null`: a blind bust, which nothing covers. */
  readonly version: Version | null;
  readonly spaceKind: SpaceKind;
  readonly mode: BustMode;
}

interface BustOrigin extends BustFact {
  /** The name of the rule, or `"cli"` for a bust by hand. */
  readonly rule: string;
}

/** Bust one entry. */
export interface KeyBust extends BustOrigin {
  readonly target: "key";
  readonly key: string;
  readonly family: string;
  readonly entry: EntrySpec;
  /** The key that holds the version, for entries of kind `companion`. */
  readonly versionKey?: string;
}

/** The time bounds of a tag, in milliseconds. */
export interface TagSpec {
  /** F_tag: how long floors of a swept tag live. */
  readonly floorTtlMs: number;
  /** C: largest clock difference between Redis shards. */
  readonly skewMs: number;
}

/** Bust every entry that carries a tag: `tag` a swept one, `epoch` one with a generation. */
export interface TagBust extends BustOrigin {
  readonly target: "tag" | "epoch";
  readonly tag: string;
  readonly spec: TagSpec;
}

export type Bust = KeyBust | TagBust;
