import type { BustMode, Op, SourceSpec } from "@freshet/protocol";
import type { Program } from "./cel.js";
import type { Path } from "./document.js";
import type { EntryText, FamilyText, SourceText, TagText } from "./schema.js";
import type { Render, Template } from "./template.js";
import type { Bounds, Family, Tag } from "./types.js";

/** The rules file with its names resolved and its expressions compiled, each part with its place. */
export interface Model {
  readonly bounds: Bounds;
  /** How many keys and tags one event may bust. */
  readonly keysPerEvent: number;
  readonly sources: readonly SourceModel[];
  readonly families: ReadonlyMap<string, FamilyModel>;
  readonly tags: ReadonlyMap<string, TagModel>;
  readonly rules: readonly RuleModel[];
}

export interface SourceModel {
  readonly path: Path;
  readonly text: SourceText;
  readonly spec: SourceSpec;
}

export interface FamilyModel {
  readonly path: Path;
  readonly text: FamilyText;
  readonly entry: EntryText;
  readonly template: Template;
  /** The key that holds the version, for entry kind `companion`. */
  readonly companion: Template | null;
  readonly render: Render;
  readonly family: Family;
}

export interface TagModel {
  readonly path: Path;
  readonly name: string;
  readonly kind: TagText["kind"];
  readonly template: Template;
  readonly render: Render;
  readonly tag: Tag;
}

export interface RuleModel {
  readonly path: Path;
  readonly name: string;
  readonly source: SourceModel | null;
  /** As written, or every op but `truncate`, which a rule has to name. */
  readonly ops: ReadonlySet<Op>;
  readonly opsAreWritten: boolean;
  /** Event type patterns, or `null` for all. */
  readonly types: readonly string[] | null;
  readonly when: Program | null;
  readonly busts: readonly BustModel[];
}

export interface BustModel {
  readonly path: Path;
  readonly target: { readonly family: FamilyModel } | { readonly tag: TagModel };
  /** One expression per parameter of the target's template, in its order. */
  readonly parameters: ReadonlyMap<string, Program>;
  readonly forEach: Program | null;
  readonly mode: BustMode;
}
