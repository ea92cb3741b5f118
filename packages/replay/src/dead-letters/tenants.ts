import type { SourceSpec } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { HeaderTexts } from "./header-texts.js";
import type { DeadLetter } from "./letter.js";
import { eventOf } from "./letter-filter.js";

const TENANT_CHARACTERS_MAX = 249;

type TenantOf = (letter: DeadLetter) => string | null;

/**
 * The tenant of a letter, where the rules say where its source has one; `null` where none is told. A header that all sources of
 * the topic name is enough; else the event is decoded, and where it cannot be, the tenant is not known.
 */
export function tenantReader(rules: CompiledRules | null): TenantOf {
  if (rules === null) return () => null;
  const readers = new Map(rules.topics.map((topic) => [topic, readerFor(rules.sourcesOf(topic), rules)]));
  return (letter) => {
    const tenant = readers.get(letter.source?.topic ?? letter.record.topic)?.(letter) ?? null;
    return tenant === null ? null : tenant.slice(0, TENANT_CHARACTERS_MAX);
  };
}

function readerFor(sources: readonly SourceSpec[], rules: CompiledRules): TenantOf | null {
  const [first] = sources;
  if (sources.every(({ tenant }) => tenant === null)) return null;
  if (first?.tenant?.from !== "header") return (letter) => eventOf(letter, rules)?.tenant ?? null;
  const { name } = first.tenant;
  const isCommon = sources.every(({ tenant }) => tenant?.from === "header" && tenant.name === name);
  return isCommon ? (letter) => new HeaderTexts(letter.headers).name(name) : (letter) => eventOf(letter, rules)?.tenant ?? null;
}
