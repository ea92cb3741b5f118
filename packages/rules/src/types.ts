import type { Bust, BustMode, DomainEvent, EntrySpec, Op, Rejection, SourceSpec, TagSpec } from "@freshet/protocol";

/** One thing that is wrong with a rules file, where, and how to mend it. Lines and columns start at 1. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  /** A stable word for the kind of mistake, e.g. `unknown_field`. */
  readonly code: string;
  readonly problem: string;
  readonly fix: string;
}

/** The time bounds of the protocol, in milliseconds. */
export interface Bounds {
  /** L: lease TTL, the longest allowed load. */
  readonly leaseMs: number;
  /** Longest a loader may still read old data after the change was committed. */
  readonly lagMs: number;
  /** C: largest clock difference between Redis shards. */
  readonly skewMs: number;
  /** P: longest a two-step fill may take. */
  readonly fillMs: number;
  /** F: how long floors on entries live; at least L + R, where R = lag + C. */
  readonly floorMs: number;
  /** F_tag: how long floors on tags live; at least L + R + P. */
  readonly tagFloorMs: number;
}

export interface Family {
  readonly name: string;
  readonly ttlMs: number;
  /** The file's bounds, or the family's own where its loader is slow. */
  readonly bounds: Bounds;
  readonly entry: EntrySpec;
  /** The parameter names of the key template, in order. */
  readonly parameters: readonly string[];
  /** The key for these parameters, or why there is none (too long). Values are strings, already checked and not yet escaped. */
  readonly keyFor: (values: ReadonlyMap<string, string>) => string | null;
  /** The key that holds the version, for entries of kind `companion`; `null` for others. */
  readonly versionKeyFor: ((values: ReadonlyMap<string, string>) => string | null) | null;
  /** The same, of a key as it lies in Redis; `null` when the key is not of this family, or does not tell its parameters. */
  readonly versionKeyOf: ((key: string) => string | null) | null;
  readonly tags: readonly TagUse[];
  readonly epochs: readonly TagUse[];
  /** Whether some parameters make this key. */
  readonly makes: (key: string) => boolean;
  /** The parameters that a key came of, by name; several where the template does not tell, none when it is of another family. */
  readonly valuesOf: (key: string) => readonly ReadonlyMap<string, string>[];
}

/** A declared tag. */
export interface Tag {
  readonly name: string;
  readonly kind: "swept" | "epoch";
  readonly spec: TagSpec;
  readonly parameters: readonly string[];
  /** The tag for these parameters, `null` when there is none (too long, one missing). Values are strings, not yet escaped. */
  readonly tagFor: (values: ReadonlyMap<string, string>) => string | null;
  /** Whether some parameters make this tag. */
  readonly makes: (tag: string) => boolean;
}

/** A tag that entries of a family carry: which, and the family's parameter that each of the tag's own is filled from. */
export interface TagUse {
  readonly tag: string;
  readonly with: ReadonlyMap<string, string>;
}

/** A rules file that has no findings, ready to map events. Immutable. */
export interface CompiledRules {
  /** SHA-256 of the file's meaning (not of its comments), 64 hex digits: which rules a process runs. */
  readonly hash: string;
  readonly bounds: Bounds;
  /** The topics of all sources, each once. */
  readonly topics: readonly string[];
  /** The sources of a topic in file order: the first whose `matchesType` holds takes the record. */
  readonly sourcesOf: (topic: string) => readonly SourceSpec[];
  readonly families: ReadonlyMap<string, Family>;
  readonly tags: ReadonlyMap<string, Tag>;
  /** Rule names in file order. */
  readonly ruleNames: readonly string[];
  /** What each rule may bust, in file order. */
  readonly reaches: readonly RuleReach[];
  /** Every bust of every matching rule, or the one reason for which none is sent. Pure. */
  readonly map: (event: DomainEvent) => MapResult;
  /** The same walk, told: each rule, the first false condition, the keys and tags. Pure. */
  readonly explain: (event: DomainEvent) => readonly RuleExplanation[];
}

/** A rule seen from what it may bust, in the words of the file. */
export interface RuleReach {
  readonly rule: string;
  readonly source: string;
  readonly topic: string;
  readonly space: string;
  /** `null`: all. */
  readonly types: readonly string[] | null;
  readonly ops: readonly Op[];
  readonly when: string | null;
  readonly targets: readonly ReachTarget[];
}

/** One bust of a rule: of a family or of a tag, the other is `null`. */
export interface ReachTarget {
  readonly family: string | null;
  readonly tag: string | null;
  readonly mode: BustMode;
  readonly forEach: string | null;
  /** The expression of each parameter. */
  readonly with: ReadonlyMap<string, string>;
}

export type MapResult =
  /** `rules`: the names of the rules that matched; a rule may match and bust nothing (an empty `forEach`). */
  | { readonly kind: "busts"; readonly rules: readonly string[]; readonly busts: readonly Bust[] }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

export interface RuleExplanation {
  readonly rule: string;
  readonly matched: boolean;
  /** Why not: the first condition that is false, in the words of the file; or the error. `""` when it matched. */
  readonly because: string;
  readonly busts: readonly Bust[];
}

export interface LoadResult {
  /** `null` exactly when there are findings. */
  readonly rules: CompiledRules | null;
  readonly findings: readonly Finding[];
}

/** What is said of one mistake, apart from its place. */
export type Mistake = Pick<Finding, "code" | "problem" | "fix">;
