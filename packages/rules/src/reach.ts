import type { BustModel, RuleModel } from "./model.js";
import type { RuleReach } from "./types.js";

/** What a rule may bust and on what conditions, in the words of the file. */
export function reachOf({ name, source, types, ops, when, busts }: RuleModel): RuleReach {
  const spec = source?.spec;
  return {
    rule: name,
    source: spec?.name ?? "",
    topic: spec?.topic ?? "",
    space: spec?.space ?? "",
    types,
    ops: [...ops],
    when: when?.text ?? null,
    targets: busts.map(targetOf),
  };
}

function targetOf({ target, mode, forEach, parameters }: BustModel): RuleReach["targets"][number] {
  const named = "family" in target ? { family: target.family.family.name, tag: null } : { family: null, tag: target.tag.name };
  const expressions = new Map([...parameters].map(([parameter, { text }]) => [parameter, text]));
  return { ...named, mode, forEach: forEach?.text ?? null, with: expressions };
}
