import { z } from "zod";
import { broken, type Path } from "./document.js";
import { suggest } from "./nearest.js";
import type { Report } from "./report.js";
import type { Mistake } from "./types.js";

type Issue = z.core.$ZodIssue;

/**
 * Checks one part of the file against its schema and reports everything that is wrong with it. What is left without
 * the wrong parts is returned, so that one mistake does not hide the next; `null` when nothing sensible is left.
 */
export function readShape<Shape extends z.ZodType>(schema: Shape, part: unknown, { path: place, report }: Place): z.infer<Shape> | null {
  if (part === broken) return null;
  let rest: unknown = withoutBroken(part);
  for (let round = 0; round < 20; round++) {
    const parsed = schema.safeParse(rest);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      if (round === 0 && report !== null) reportIssue(issue, { schema, part, place, report });
      rest = removeAt(rest, issue);
    }
    if (rest === undefined) return null;
  }
  return null;
}

/** Where the part stands; nobody is told of its mistakes without a report. */
interface Place {
  readonly path: Path;
  readonly report: Report | null;
}

interface Context {
  readonly schema: z.ZodType;
  readonly part: unknown;
  readonly place: Path;
  readonly report: Report;
}

function reportIssue(issue: Issue, { schema, part, place, report }: Context): void {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  const value = valueAt(part, path);
  if (value === broken) return;
  const full = [...place, ...path];
  if (issue.code === "unrecognized_keys") {
    const fields = fieldsOf(schema, part, path);
    for (const key of issue.keys) report.atKey([...full, key], unknownField(key, fields));
    return;
  }
  const what = path.at(-1) ?? place.at(-1);
  if (issue.code === "invalid_key") {
    report.atKey(full, {
      code: "malformed_name",
      problem: `\`${shortened(String(what))}\` cannot be a name here`,
      fix: `Write ${innerMessage(issue)}.`,
    });
    return;
  }
  if (value === undefined) {
    report.at(full.slice(0, -1), missing(String(what), issue));
    return;
  }
  report.at(full, wrongValue(String(what), value, issue));
}

function unknownField(key: string, fields: readonly string[]): Mistake {
  const fix = key === "<<" ? "Merge keys are not used here; repeat the fields." : suggest(key, fields);
  return { code: "unknown_field", problem: `\`${shortened(key)}\` is not a field here`, fix };
}

function missing(name: string, issue: Issue): Mistake {
  return { code: "missing_field", problem: `\`${name}\` is missing`, fix: `Add \`${name}\`${wanted(issue)}.` };
}

function wrongValue(name: string, value: unknown, issue: Issue): Mistake {
  if (issue.code === "invalid_value" || (issue.code === "invalid_union" && "options" in issue)) {
    const options = allowed(issue);
    if (typeof value !== "string") return wrongType(name, value, options.length === 1 ? `${options[0]}` : `one of ${options.join(", ")}`);
    const fix = notRead(name, value) ?? suggest(value, options);
    return { code: "unknown_value", problem: `\`${name}\` cannot be \`${shortened(value)}\``, fix };
  }
  if (issue.code === "invalid_type") return wrongType(name, value, kindName(issue.expected));
  if (issue.code === "too_small" && typeof value !== "number")
    return {
      code: "empty",
      problem: `\`${name}\` is empty`,
      fix: `Write at least one ${name === "" ? "value" : "entry"}, or leave it out.`,
    };
  return { code: "malformed_value", problem: `\`${name}\` is not well formed`, fix: `Write ${issue.message}.` };
}

/** What is well known elsewhere for how values are written, and what to do about it here. */
function notRead(name: string, value: string): string | null {
  if (name !== "format" && name !== "encoding") return null;
  const form = value.toLowerCase();
  if (form.startsWith("proto")) {
    return "Protobuf is not read: let the producer, or a connector behind it, write Avro or JSON Schema (`encoding: registry`) or plain JSON.";
  }
  if (form !== "avro" && !/^json[-_ ]?schema$/.test(form)) return null;
  return "Write `encoding: registry` for values that name their schema, and as `format` what they hold: cloudevents, debezium, outbox or json.";
}

function wrongType(name: string, value: unknown, expected: string): Mistake {
  const isExpression = expected === "a text" && (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint");
  const fix = isExpression ? `Put it in quotes: "${value}".` : `Write ${expected}.`;
  return { code: "wrong_type", problem: `\`${name}\` must be ${expected}, not ${kindOf(value)}`, fix };
}

function wanted(issue: Issue): string {
  if (issue.code === "invalid_value" || (issue.code === "invalid_union" && "options" in issue)) return `: ${allowed(issue).join(" | ")}`;
  return issue.code === "invalid_type" ? `, ${kindName(issue.expected)}` : "";
}

function allowed(issue: Issue): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  return issue.code === "invalid_union" && "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

function innerMessage(issue: Issue): string {
  return issue.code === "invalid_key" ? (issue.issues[0]?.message ?? "another name") : issue.message;
}

function kindName(expected: string): string {
  const names: Record<string, string> = {
    string: "a text",
    array: "a list",
    object: "a map",
    record: "a map",
    boolean: "true or false",
    number: "a number",
  };
  return names[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? "a text" : typeof value === "boolean" || typeof value === "number" ? `${value}` : "a number";
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(part: unknown, path: Path): unknown {
  let value = part;
  for (const step of path) {
    if (Array.isArray(value)) value = value[step as number];
    else value = isMap(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

/** Broken values have their finding already; here they count as left out. */
function withoutBroken(part: unknown): unknown {
  if (Array.isArray(part)) return part.map((item) => (item === broken ? undefined : withoutBroken(item)));
  if (!isMap(part)) return part;
  const kept = Object.entries(part).filter(([, value]) => value !== broken);
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutBroken(value)]));
}

/** The data without what the issue is about; `undefined` when the whole of it has to go. */
function removeAt(data: unknown, issue: Issue): unknown {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.reduce((rest, key) => remove(rest, [...issue.path, key]), data);
  }
  return remove(data, issue.path);
}

/** Removes what stands at the path. A list, a missing field and a map's last hope go along with what holds them. */
function remove(data: unknown, path: readonly PropertyKey[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined || Array.isArray(data) || !isMap(data)) return undefined;
  const key = String(step);
  if (!Object.hasOwn(data, key)) return undefined;
  const { [key]: value, ...others } = data;
  const inner = rest.length === 0 ? undefined : remove(value, rest);
  return inner === undefined ? others : { ...others, [key]: inner };
}

/** The field names that the schema has at this path; where a word picks one of several shapes, those of the picked one. */
function fieldsOf(schema: z.ZodType, part: unknown, path: Path): readonly string[] {
  let here: unknown = schema;
  let value = part;
  for (const step of [...path, null]) {
    here = unwrapped(here, value);
    if (step === null) break;
    if (here instanceof z.ZodObject) here = here.shape[step];
    else if (here instanceof z.ZodArray) here = here.element;
    else if (here instanceof z.ZodRecord) here = here.valueType;
    value = valueAt(value, [step]);
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unwrapped(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodOptional) return unwrapped(schema.unwrap(), value);
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const word = isMap(value) ? value[schema.def.discriminator] : undefined;
  return schema.options.find((option) => {
    const field = option instanceof z.ZodObject ? option.shape[schema.def.discriminator] : undefined;
    return field instanceof z.ZodLiteral && field.value === word;
  });
}
