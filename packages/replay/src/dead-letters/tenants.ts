import type { SourceSpec } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { DeadLetter } from "./letter.js";
import { eventOf } from "./letter-filter.js";

const TENANT_CHARACTERS_MAX = 249;

/**
 * Gives letters their tenant where the rules say that their source has one, and decodes nothing else. A letter keeps `null` where
 * none is told, or its event cannot be decoded.
 */
export function tenantReader(rules: CompiledRules | null): (letter: DeadLetter) => DeadLetter {
  if (rules === null) return (letter) => letter;
  const tellsTenant = (source: SourceSpec): boolean => source.tenant !== null;
  const topics = new Set(rules.topics.filter((topic) => rules.sourcesOf(topic).some(tellsTenant)));
  return (letter) => {
    if (!topics.has(letter.record.topic)) return letter;
    const tenant = eventOf(letter, rules)?.tenant ?? null;
    return tenant === null ? letter : { ...letter, tenant: tenant.slice(0, TENANT_CHARACTERS_MAX) };
  };
}
