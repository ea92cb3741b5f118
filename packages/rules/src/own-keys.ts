import type { FamilyModel } from "./model.js";
import type { Template } from "./template.js";

/** Before each of Freshet's own keys, where the configuration says nothing else. */
export const defaultPrefix = "fr:";

/** What a template's keys begin with, whatever its parameters are. */
export function literalStart({ parts: [first] }: Template): string {
  return first !== undefined && "literal" in first ? first.literal : "";
}

/**
 * Whether event data may lead keys of the family, or those of its versions, to Freshet's own. Most families cannot: what their
 * templates begin with tells, and then no key is looked at.
 */
export function canReachOwnKeys({ template, companion }: FamilyModel, prefix: string | null): boolean {
  if (prefix === null) return false;
  return [template, companion].some((one) => {
    if (one === null) return false;
    const start = literalStart(one);
    return start.startsWith(prefix) || prefix.startsWith(start);
  });
}
