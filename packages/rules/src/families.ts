import type { EntrySpec, TagSpec } from "@freshet/protocol";
import { limits } from "@freshet/protocol";
import { boundsOf, checkDuration, resolveBounds } from "./bounds.js";
import type { Draft, Located } from "./draft.js";
import { durationMs } from "./duration.js";
import type { FamilyModel, TagModel } from "./model.js";
import { nearest, suggest } from "./nearest.js";
import type { Report, Spot } from "./report.js";
import type { EntryText, FamilyText } from "./schema.js";
import { checkGateSlot, shareSlot, templateTagOf, withCompanions } from "./slots.js";
import { type Escape, keyMatcher, keyReader, parseTemplate, type Render, renderer, type Template, utf8Bytes } from "./template.js";
import type { Bounds, Family } from "./types.js";

/** What Freshet keeps in a hash of another service starts so. */
const OWN_FIELDS = "fr:";
/** More make no key anybody wants, and long work of the search for keys that collide. */
const parametersMax = 16;

/** The tags of a file, resolved. */
export function resolveTags(draft: Draft, bounds: Bounds, report: Report): ReadonlyMap<string, TagModel> {
  const models = new Map<string, TagModel>();
  for (const [name, { path, text }] of draft.tags) {
    const template = readTemplate(text.key, "percent", { path: [...path, "key"], report });
    if (template === null) continue;
    if (template.parts.some((part) => "literal" in part && /[{}]/.test(part.literal))) {
      const problem = "a tag's key has no literal braces: Freshet puts its own around it";
      report.at([...path, "key"], { code: "template_braces", problem, fix: "Leave {{ and }} out." });
    }
    const spec = tagSpec(name, draft, bounds);
    const render = renderer(template);
    const { parameters } = template;
    const tag = { name, kind: text.kind, spec, parameters, tagFor: keyMaker(template, render), makes: keyMatcher(template) };
    models.set(name, { path, name, kind: text.kind, template, render, tag });
  }
  return models;
}

/** Of the families that carry a tag, the one with the slowest loader decides how long its floors live. */
function tagSpec(name: string, draft: Draft, bounds: Bounds): TagSpec {
  const isCarrier = ({ text }: Located<FamilyText>) => [...(text.tags ?? []), ...(text.epochs ?? [])].some((use) => use.tag === name);
  const carriers = [...draft.families.values()].filter(isCarrier);
  const own = carriers.map(({ text }) => boundsOf(text.bounds ?? {}, draft.bounds).tagFloorMs);
  return { floorTtlMs: Math.max(bounds.tagFloorMs, ...own), skewMs: bounds.skewMs };
}

interface FamilyContext {
  readonly draft: Draft;
  /** Of the whole file. */
  readonly bounds: Bounds;
  readonly tags: ReadonlyMap<string, TagModel>;
  readonly report: Report;
}

/** The families of a file, resolved; reports what one family alone can get wrong. */
export function resolveFamilies(context: FamilyContext): ReadonlyMap<string, FamilyModel> {
  const models = new Map<string, FamilyModel>();
  for (const [name, located] of context.draft.families) {
    const model = resolveFamily(name, located, context);
    checkTags(located, context);
    if (model !== null) models.set(name, model);
  }
  return models;
}

function resolveFamily(name: string, { path, text }: Located<FamilyText>, context: FamilyContext): FamilyModel | null {
  const { draft, report } = context;
  const entry = text.entry ?? { kind: "managed" as const };
  const bounds =
    text.bounds === undefined ? context.bounds : resolveBounds(text.bounds, draft.bounds, { path: [...path, "bounds"], report });
  checkDuration(text.ttl, [...path, "ttl"], report);
  if (durationMs(text.ttl) === 0)
    report.at([...path, "ttl"], { code: "bounds_broken", problem: "`ttl` is zero", fix: "Write at least 1ms." });
  if (entry.kind === "json" && entry.version.startsWith("/")) {
    const fix = `Write \`version: ${entry.version.slice(1)}\`; only members at the top of the JSON are read.`;
    report.at([...path, "entry", "version"], { code: "malformed_value", problem: "`version` is a member's name, not a pointer", fix });
  }
  if (entry.kind === "hash" && entry.version.startsWith(OWN_FIELDS)) {
    const problem = `fields that start with \`${OWN_FIELDS}\` are Freshet's own: a gate would write over the version`;
    report.at([...path, "entry", "version"], {
      code: "malformed_value",
      problem,
      fix: "Name the field in which the service has its version.",
    });
  }
  const template = readTemplate(text.key, text.escape ?? "percent", { path: [...path, "key"], report });
  const companion = readCompanion({ path, text }, template, report);
  if (template === null) return null;
  checkGateSlot(entry, template, { path: [...path, "key"], report });
  const render = withCompanions(renderer(template), entry, template);
  const ttlMs = durationMs(text.ttl);
  if (text.stale !== undefined) checkDuration(text.stale, [...path, "stale"], report);
  const staleMs = text.stale === undefined ? Math.min(staleMsDefault, ttlMs) : durationMs(text.stale);
  const family: Family = {
    name,
    ttlMs,
    bounds,
    entry: entrySpec(entry, bounds.floorMs, staleMs),
    parameters: template.parameters,
    keyFor: keyMaker(template, render),
    ...versionKeys(template, companion),
    tags: tagUses(text.tags ?? []),
    epochs: tagUses(text.epochs ?? []),
    makes: keyMatcher(template),
    valuesOf: namedValues(template),
  };
  return { path, text, entry, template, companion, render, family };
}

function keyMaker(template: Template, render: Render): Family["keyFor"] {
  return (values) => {
    const texts = ordered(template, values);
    return texts.includes("") ? null : render(texts);
  };
}

/** The key of the version; `null` where parameters as they are (`escape: none`) would put it into another slot than the entry. */
function versionKeys(template: Template, companion: Template | null): Pick<Family, "versionKeyFor" | "versionKeyOf"> {
  if (companion === null) return { versionKeyFor: null, versionKeyOf: null };
  const [render, renderKey, valuesOf] = [renderer(companion), renderer(template), namedValues(template)];
  const besideOf = (key: string | null, values: ReadonlyMap<string, string>) => {
    const versionKey = render(ordered(companion, values));
    return template.escape === "percent" || shareSlot(key, versionKey) ? versionKey : null;
  };
  return {
    versionKeyFor: (values) => besideOf(template.escape === "percent" ? null : renderKey(ordered(template, values)), values),
    versionKeyOf: (key) => {
      const keys = valuesOf(key).map((values) => besideOf(key, values));
      const [first] = keys;
      return first !== undefined && keys.every((other) => other === first) ? first : null;
    },
  };
}

function namedValues(template: Template): Family["valuesOf"] {
  const read = keyReader(template);
  return (key) => read(key).map((values) => new Map(template.parameters.map((name, at) => [name, values[at] ?? ""])));
}

function ordered(template: Template, values: ReadonlyMap<string, string>): readonly string[] {
  return template.parameters.map((parameter) => values.get(parameter) ?? "");
}

function tagUses(uses: NonNullable<FamilyText["tags"]>): Family["tags"] {
  return uses.map(({ tag, with: given = {} }) => ({ tag, with: new Map(Object.entries(given)) }));
}

/** Long enough to load the entry again, short enough to notice that nobody can. */
const staleMsDefault = 60_000;

function entrySpec(entry: EntryText, floorTtlMs: number, staleTtlMs: number): EntrySpec {
  return {
    kind: entry.kind,
    versionField: "version" in entry ? entry.version : "",
    onUnversioned: ("onUnversioned" in entry ? entry.onUnversioned : undefined) ?? "bust",
    gate: entry.kind === "managed" || ("gate" in entry && entry.gate === true),
    floorTtlMs,
    staleTtlMs: entry.kind === "managed" ? staleTtlMs : 0,
  };
}

function readTemplate(text: string, escaping: Escape, { path, report }: Spot): Template | null {
  const template = parseTemplate(text, escaping);
  if ("problem" in template) {
    report.atCharacter(path, template.offset, { code: "template_syntax", problem: template.problem, fix: template.fix });
    return null;
  }
  if (template.parameters.length > parametersMax) {
    const problem = `the key has ${template.parameters.length} parameters; ${parametersMax} are allowed`;
    report.at(path, { code: "template_size", problem, fix: "Use fewer parameters." });
    return null;
  }
  const least = template.parts.reduce((bytes, part) => bytes + ("literal" in part ? utf8Bytes(part.literal) : 1), 0);
  if (least > limits.keyBytesMax) {
    const problem = `the key has at least ${least} bytes; ${limits.keyBytesMax} are allowed`;
    report.at(path, { code: "template_size", problem, fix: "Shorten the literal text." });
  }
  return template;
}

/** The companion's key has the family's parameters, and lies in the same slot of a cluster. */
function readCompanion({ path, text }: Located<FamilyText>, key: Template | null, report: Report): Template | null {
  if (text.entry?.kind !== "companion") return null;
  const place = [...path, "entry", "companion"];
  const companion = readTemplate(text.entry.companion, text.escape ?? "percent", { path: place, report });
  if (companion === null || key === null) return companion;
  for (const parameter of companion.parameters.filter((name) => !key.parameters.includes(name))) {
    const problem = `the key of this family has no parameter \`${parameter}\``;
    report.at(place, { code: "unknown_parameter", problem, fix: suggest(parameter, key.parameters) });
  }
  if (companion.text === key.text) {
    report.at(place, {
      code: "template_collision",
      problem: "entry and companion have the same key",
      fix: "Give the companion a key of its own.",
    });
  } else if (templateTagOf(key) === null || templateTagOf(key) !== templateTagOf(companion)) {
    const fix = "Put the same {{…}} around the part that both keys share, for example `{{cart:{id}}}` and `{{cart:{id}}}:v`.";
    report.at(place, { code: "companion_slot", problem: "entry and companion can lie in different slots of a cluster", fix });
  }
  return companion;
}

/** Tags a family carries: they exist, are of the right kind, get their parameters, and the entries are managed. */
function checkTags({ path, text }: Located<FamilyText>, { draft, tags, report }: FamilyContext): void {
  const declared = draft.declared.tags;
  for (const section of ["tags", "epochs"] as const) {
    const uses = text[section] ?? [];
    const kind = text.entry?.kind ?? "managed";
    if (uses.length > 0 && kind !== "managed") {
      const problem = `${section} need managed entries; these are of kind ${kind}`;
      report.atKey([...path, section], {
        code: "tags_unmanaged",
        problem,
        fix: `Leave \`${section}\` out, or let the cache SDK write these entries.`,
      });
    }
    uses.forEach((use, at) => {
      const place = [...path, section, at];
      const tag = tags.get(use.tag);
      if (tag === undefined) {
        if (!declared.includes(use.tag)) {
          report.at([...place, "tag"], { code: "unknown_tag", problem: `there is no tag \`${use.tag}\``, fix: suggest(use.tag, declared) });
        }
        return;
      }
      const wanted = section === "tags" ? "swept" : "epoch";
      if (tag.kind !== wanted) {
        const fix = `Move it to \`${tag.kind === "swept" ? "tags" : "epochs"}\`, or declare the tag as ${wanted}.`;
        report.at([...place, "tag"], {
          code: "tag_kind",
          problem: `\`${use.tag}\` is ${tag.kind === "epoch" ? "an epoch" : "a swept"} tag`,
          fix,
        });
      }
      checkParameters(Object.keys(use.with ?? {}), tag.template.parameters, { path: place, report });
    });
  }
}

/** That `with` names exactly the template's parameters. A misspelled name is told once, not also as missing. */
export function checkParameters(given: readonly string[], wanted: readonly string[], { path, report }: Spot): void {
  const missing = new Set(wanted.filter((name) => !given.includes(name)));
  for (const name of given.filter((parameter) => !wanted.includes(parameter))) {
    const fix = wanted.length === 0 ? "Leave it out: the template has no parameters." : suggest(name, wanted);
    report.atKey([...path, "with", name], { code: "unknown_parameter", problem: `the template has no parameter \`${name}\``, fix });
    missing.delete(nearest(name, missing) ?? "");
  }
  for (const name of missing) {
    const problem = `the template needs the parameter \`${name}\``;
    report.at([...path, "with"], { code: "missing_parameter", problem, fix: `Add \`${name}\` to \`with\`.` });
  }
}
