import type { Decoded, SourceSpec } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { DeadLetter } from "./letter.js";

const TENANT_CHARACTERS_MAX = 249;

/** Where the tenants of letters are told. */
export interface Tenants {
  /** Whether some are told only by the event itself, which then has to be decoded. */
  readonly needEvents: boolean;
  /** `null`: none is told, or nothing is known of the event. */
  readonly of: (letter: DeadLetter, decoded: Decoded | undefined) => string | null;
}

/**
 * Finds the tenants of letters where the rules say that a source has one. A header that all sources of a topic name is enough, also
 * where the event cannot be decoded.
 */
export function findTenants(rules: CompiledRules | null): Tenants {
  if (rules === null) return { needEvents: false, of: () => null };
  const told = rules.topics.filter((topic) => rules.sourcesOf(topic).some(({ tenant }) => tenant !== null));
  const headers = new Map(told.map((topic) => [topic, commonHeader(rules.sourcesOf(topic))]));
  return {
    needEvents: [...headers.values()].includes(null),
    of(letter, decoded) {
      const header = headers.get(letter.source?.topic ?? letter.record.topic);
      if (header === undefined) return null;
      if (header !== null) return letter.header(header);
      return decoded?.kind === "event" ? (decoded.event.tenant?.slice(0, TENANT_CHARACTERS_MAX) ?? null) : null;
    },
  };
}

/** The header that all sources take their tenant from; `null` when they differ, or take it from the data. */
function commonHeader(sources: readonly SourceSpec[]): string | null {
  const names = new Set(sources.map(({ tenant }) => (tenant?.from === "header" ? tenant.name : null)));
  const [name = null] = names;
  return names.size === 1 ? name : null;
}
