import { z } from "zod";
import type { Path } from "./document.js";
import type { Report, Spot } from "./report.js";
import {
  type BoundsText,
  type BustText,
  boundsSchema,
  bustSchema,
  type FamilyText,
  familySchema,
  type LimitsText,
  limitsSchema,
  type RuleText,
  ruleSchema,
  rulesFileSchema,
  type SourceText,
  sourceSchema,
  type TagText,
  tagSchema,
} from "./schema.js";
import { readShape } from "./shape.js";

/** One part of the file and where it stands. */
export interface Located<Text> {
  readonly path: Path;
  readonly text: Text;
}

export interface BustDraft extends Located<BustText> {
  /** The parameters that are written down, also those whose expression was left out. */
  readonly given: readonly string[];
}

export interface RuleDraft extends Located<Omit<RuleText, "bust">> {
  readonly busts: readonly BustDraft[];
}

/** A rules file whose parts have the right shape; parts that have not are left out and have findings. */
export interface Draft {
  readonly bounds: BoundsText;
  readonly limits: LimitsText;
  readonly sources: readonly Located<SourceText>[];
  readonly families: ReadonlyMap<string, Located<FamilyText>>;
  readonly tags: ReadonlyMap<string, Located<TagText>>;
  readonly rules: readonly RuleDraft[];
  /** Every name that is written down, also of parts that were left out. */
  readonly declared: { readonly sources: readonly string[]; readonly families: readonly string[]; readonly tags: readonly string[] };
}

const anything = z.unknown();
const frameSchema = z.strictObject({
  ...rulesFileSchema.shape,
  bounds: anything.optional(),
  limits: anything.optional(),
  sources: z.array(anything).min(1),
  families: z.record(z.string(), anything).optional(),
  tags: z.record(z.string(), anything).optional(),
  rules: z.array(anything).min(1),
});
const ruleFrameSchema = ruleSchema.extend({ bust: z.array(anything).min(1) });
const nameSchema = z.record(ruleSchema.shape.name, anything);

/** Takes the file apart, part by part, so that a mistake in one part does not hide those of another. */
export function readDraft(data: unknown, report: Report): Draft {
  if (data === null)
    report.at([], { code: "empty", problem: "the file is empty", fix: "Start with `freshet: 1`, then sources, families and rules." });
  else readShape(frameSchema, data, { path: [], report });
  // What the frame check cannot keep is still looked into: `rules` without `freshet: 1` is linted all the same.
  const raw = isMap(data) ? data : {};
  const sources = listOf(raw.sources);
  const families = mapOf("families", raw, report);
  const tags = mapOf("tags", raw, report);
  return {
    bounds: "bounds" in raw ? (readShape(boundsSchema, raw.bounds, { path: ["bounds"], report }) ?? {}) : {},
    limits: "limits" in raw ? (readShape(limitsSchema, raw.limits, { path: ["limits"], report }) ?? {}) : {},
    sources: sources.flatMap((source, at) => located(readShape(sourceSchema, source, { path: ["sources", at], report }), ["sources", at])),
    families: readNamed(familySchema, families, { path: ["families"], report }),
    tags: readNamed(tagSchema, tags, { path: ["tags"], report }),
    rules: listOf(raw.rules).flatMap((rule, at) => readRule(rule, ["rules", at], report)),
    declared: { sources: sources.flatMap(sourceName), families: Object.keys(families), tags: Object.keys(tags) },
  };
}

function readRule(raw: unknown, path: Path, report: Report): RuleDraft[] {
  const rule = readShape(ruleFrameSchema, raw, { path, report });
  const list = isMap(raw) ? listOf(raw.bust) : [];
  const busts = list.flatMap((bust, at) => readBust(bust, [...path, "bust", at], report));
  // A rule without its name or source still has the rest looked at.
  const { name = "", source = "", ...rest } = rule ?? readShape(ruleFrameSchema.partial(), raw, { path, report: null }) ?? {};
  const text = { ...rest, name, source };
  return isMap(raw) ? [{ path, text, busts }] : [];
}

function readBust(raw: unknown, path: Path, report: Report): BustDraft[] {
  const text = readShape(bustSchema, raw, { path, report });
  const given = isMap(raw) && isMap(raw.with) ? Object.keys(raw.with) : [];
  return text === null ? [] : [{ path, text, given }];
}

function readNamed<Shape extends z.ZodType>(
  schema: Shape,
  parts: Record<string, unknown>,
  { path, report }: Spot,
): ReadonlyMap<string, Located<z.infer<Shape>>> {
  const read = new Map<string, Located<z.infer<Shape>>>();
  for (const [name, part] of Object.entries(parts)) {
    const text = readShape(schema, part, { path: [...path, name], report });
    if (text !== null) read.set(name, { path: [...path, name], text });
  }
  return read;
}

function mapOf(section: string, raw: Record<string, unknown>, report: Report): Record<string, unknown> {
  const part = raw[section];
  if (!isMap(part)) return {};
  readShape(nameSchema, part, { path: [section], report });
  return part;
}

function located<Text>(text: Text | null, path: Path): Located<Text>[] {
  return text === null ? [] : [{ path, text }];
}

function sourceName(raw: unknown): string[] {
  if (!isMap(raw)) return [];
  const name = raw.name ?? raw.topic;
  return typeof name === "string" ? [name] : [];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
