import { FreshetError, type SpaceKind } from "@freshet/protocol";
import type { CompiledRules, Family, Tag } from "@freshet/rules";

/**
 * The family of this name.
 *
 * @throws FreshetError `usage` when the rules file has none.
 */
export function familyNamed(name: string, rules: CompiledRules): Family {
  const family = rules.families.get(name);
  if (family !== undefined) return family;
  const known = [...rules.families.keys()].join(", ");
  throw new FreshetError("FR1001", "usage", `the rules file has no family ${name}`, `It has: ${known === "" ? "none" : known}.`);
}

/**
 * Where the entry at a key of this family lies: the key of its version too, for entries of kind `companion`.
 *
 * @throws FreshetError FR1005 (`usage`) for a key that the family makes with no parameters, FR1001 for one that does not tell
 *   where its version is.
 */
export function placeOf(key: string, { name, makes, versionKeyOf }: Family): { readonly key: string; readonly versionKey?: string } {
  if (!makes(key)) {
    const fix = "Check the key and --family: what belongs to another application must not be taken for this one's.";
    throw new FreshetError("FR1005", "usage", `the family ${name} makes no such key`, fix);
  }
  if (versionKeyOf === null) return { key };
  const versionKey = versionKeyOf(key);
  if (versionKey !== null) return { key, versionKey };
  const problem = `the key does not tell where family ${name} keeps its version`;
  throw new FreshetError("FR1001", "usage", problem, "Put something between the template's parameters.");
}

/**
 * How the versions of a space are compared, as the rules file declares it.
 *
 * @throws FreshetError `usage` when no source declares the space.
 */
export function spaceKindOf(space: string, rules: CompiledRules): SpaceKind {
  const sources = rules.topics.flatMap(rules.sourcesOf);
  const source = sources.find((candidate) => candidate.space === space);
  if (source !== undefined) return source.spaceKind;
  const known = [...new Set(sources.map((candidate) => candidate.space))].join(", ");
  throw new FreshetError("FR1001", "usage", `no source of the rules file has the space ${space}`, `They have: ${known}.`);
}

/**
 * The declared tags that make this tag as it lies in Redis; at least one.
 *
 * @throws FreshetError `usage` when none does.
 */
export function tagsMaking(tag: string, rules: CompiledRules): readonly Tag[] {
  const makers = [...rules.tags.values()].filter((declared) => declared.makes(tag));
  if (makers.length > 0) return makers;
  const known = [...rules.tags.values()].map(({ name, parameters }) => `${name} (${parameters.join(", ")})`).join(", ");
  const fix = known === "" ? "The rules file has no tags." : `Write the tag as rules make it, from the key of one of: ${known}.`;
  throw new FreshetError("FR1001", "usage", "no tag of the rules file makes this one", fix);
}
