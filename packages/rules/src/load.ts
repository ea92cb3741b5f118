import { limits } from "@freshet/protocol";
import { resolveBounds } from "./bounds.js";
import { readYaml } from "./document.js";
import { type Draft, readDraft } from "./draft.js";
import { durationMs } from "./duration.js";
import { explainer } from "./explain.js";
import { resolveFamilies, resolveTags } from "./families.js";
import { hashOf } from "./hash.js";
import { lint } from "./lint.js";
import { mapper } from "./map.js";
import type { Model } from "./model.js";
import { defaultPrefix } from "./own-keys.js";
import { reachOf } from "./reach.js";
import { Report } from "./report.js";
import { resolveRules } from "./resolve-rules.js";
import { resolveSources } from "./sources.js";
import type { CompiledRules, LoadResult } from "./types.js";
import { readyRule } from "./walk.js";

export interface LoadOptions {
  /**
   * Before each of Freshet's own keys, `fr:` by default: no family lies under it, and no event busts a key that does. `null` for
   * rules that Freshet makes itself.
   */
  readonly prefix?: string | null | undefined;
}

/** Reads, checks and compiles a rules file. Never throws: whatever is wrong is a finding, and all of them are told at once. */
export function loadRules(text: string, { prefix = defaultPrefix }: LoadOptions = {}): LoadResult {
  const file = readYaml(text);
  const report = new Report(file);
  if (!file.readable) return { rules: null, findings: file.findings };
  const draft = readDraft(file.data, report);
  const model = resolve(draft, report);
  lint(model, { prefix, report });
  const findings = inOrder([...file.findings, ...report.findings()]);
  return { rules: findings.length > 0 ? null : compiled(model, draft, prefix), findings };
}

function resolve(draft: Draft, report: Report): Model {
  const bounds = resolveBounds(draft.bounds, {}, { path: ["bounds"], report });
  const sources = resolveSources(draft, report);
  const tags = resolveTags(draft, bounds, report);
  const families = resolveFamilies({ draft, bounds, tags, report });
  const rules = resolveRules({ draft, names: { sources, families, tags }, report });
  const { keysPerEvent = limits.keysPerEventMax } = draft.limits;
  return { bounds, keysPerEvent, sources, families, tags, rules };
}

function inOrder(findings: LoadResult["findings"]): LoadResult["findings"] {
  return findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function compiled(model: Model, draft: Draft, prefix: string | null): CompiledRules {
  const rules = model.rules.map((rule) => readyRule(rule, prefix));
  const specs = model.sources.map(({ spec }) => spec);
  const byTopic = Map.groupBy(specs, (spec) => spec.topic);
  return Object.freeze({
    hash: hashOf(meaning(model, draft)),
    bounds: model.bounds,
    topics: [...byTopic.keys()],
    sourcesOf: (topic: string) => byTopic.get(topic) ?? [],
    families: new Map([...model.families].map(([name, { family }]) => [name, family])),
    tags: new Map([...model.tags].map(([name, { tag }]) => [name, tag])),
    ruleNames: rules.map((rule) => rule.name),
    reaches: model.rules.map(reachOf),
    map: mapper(rules, model.keysPerEvent),
    explain: explainer(rules, model.keysPerEvent),
  });
}

/** What the file says, with defaults filled in and durations as numbers: two files that act alike have one hash. */
function meaning({ bounds, keysPerEvent, sources, families }: Model, draft: Draft): unknown {
  return {
    bounds,
    keysPerEvent: keysPerEvent === limits.keysPerEventMax ? undefined : keysPerEvent,
    sources: sources.map(({ spec, text }) => ({
      ...text,
      name: spec.name,
      versions: spec.spaceKind,
      strict: spec.strict,
      tombstones: spec.tombstones,
      encoding: spec.encoding,
      canary: spec.canary,
    })),
    families: Object.fromEntries(
      [...families].map(([name, { text, template, family }]) => [
        name,
        { ...text, ttl: durationMs(text.ttl), escape: template.escape, entry: { ...text.entry, ...family.entry }, bounds: undefined },
      ]),
    ),
    tags: Object.fromEntries([...draft.tags].map(([name, { text }]) => [name, text])),
    rules: draft.rules.map(({ text, busts }) => ({ ...text, bust: busts.map((bust) => ({ mode: "hard", ...bust.text })) })),
  };
}
