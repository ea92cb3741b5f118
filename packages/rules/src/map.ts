import type { DomainEvent } from "@freshet/protocol";
import { Scope } from "./scope.js";
import type { MapResult } from "./types.js";
import { addBustsOf, type Collecting, holds, type ReadyRule } from "./walk.js";

/** Every bust of every rule that matches; one that fails rejects the event whole (`protocol.md` section 6). */
export function mapper(rules: readonly ReadyRule[], keysPerEvent: number): (event: DomainEvent) => MapResult {
  const rulesFor = ruleIndex(rules);
  return (event) => {
    const scope = new Scope(event);
    const collecting: Collecting = { scope, busts: null, room: keysPerEvent };
    let matched: readonly string[] = NONE;
    for (const rule of rulesFor(event.source, event.type)) {
      if (!rule.ops.has(event.op)) continue;
      const held = holds(rule, scope);
      if (held === false) continue;
      if (held !== true) return { kind: "rejected", rejection: held };
      const rejection = addBustsOf(rule, collecting);
      if (rejection !== null) return { kind: "rejected", rejection };
      matched = matched.length === 0 ? rule.alone : [...matched, rule.name];
    }
    return { kind: "busts", rules: matched, busts: collecting.busts ?? NONE };
  };
}

const NONE: readonly never[] = Object.freeze([]);

/** Types seen are remembered up to this many and this long; events may carry any number of them, of any length. */
const rememberedTypesMax = 1000;
const rememberedLengthMax = 200;

function ruleIndex(rules: readonly ReadyRule[]): (source: string, type: string) => readonly ReadyRule[] {
  const bySource = Map.groupBy(rules, (rule) => rule.source);
  const remembered = new Map<string, Map<string, readonly ReadyRule[]>>();
  let count = 0;
  return (source, type) => {
    const known = remembered.get(source)?.get(type);
    if (known !== undefined) return known;
    const found = (bySource.get(source) ?? []).filter((rule) => rule.matchesType(type));
    if (count >= rememberedTypesMax || type.length > rememberedLengthMax) return found;
    count += 1;
    const types = remembered.get(source) ?? new Map<string, readonly ReadyRule[]>();
    remembered.set(source, types.set(type, found));
    return found;
  };
}
