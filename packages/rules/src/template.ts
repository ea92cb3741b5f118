import { escapePercent, limits } from "@freshet/protocol";

/** `percent` keeps different parameters apart; `none` is for keys that existing services already write. */
export type Escape = "percent" | "none";
export type TemplatePart = { readonly literal: string } | { readonly parameter: string };

/** A key or tag template, taken apart. */
export interface Template {
  readonly text: string;
  readonly escape: Escape;
  readonly parts: readonly TemplatePart[];
  /** Each name once, in the order of first use. */
  readonly parameters: readonly string[];
}

/** Why a template cannot be read, and at which of its characters. */
export interface TemplateError {
  readonly offset: number;
  readonly problem: string;
  readonly fix: string;
}

const PARAMETER = /^\{([A-Za-z_][A-Za-z0-9_]{0,63})\}/;

/** `{name}` is a parameter, `{{` and `}}` are literal braces, all else is literal. */
export function parseTemplate(text: string, escaping: Escape): Template | TemplateError {
  const parts: TemplatePart[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const pair = text.slice(at, at + 2);
    const parameter = PARAMETER.exec(text.slice(at, at + 70));
    if (pair === "{{" || pair === "}}") {
      literal += pair[0];
      at += 2;
    } else if (parameter !== null) {
      if (literal !== "") parts.push({ literal });
      literal = "";
      parts.push({ parameter: parameter[1] ?? "" });
      at += parameter[0].length;
    } else if (text[at] === "{" || text[at] === "}") {
      return {
        offset: at,
        problem: `\`${text[at]}\` does not belong to a parameter`,
        fix: "Write {name} for a parameter, {{ and }} for literal braces.",
      };
    } else {
      literal += text[at];
      at += 1;
    }
  }
  if (literal !== "") parts.push({ literal });
  if (!text.isWellFormed()) return { offset: 0, problem: "the template is not valid Unicode", fix: "Write it in valid UTF-8." };
  const names = parts.flatMap((part) => ("parameter" in part ? [part.parameter] : []));
  return { text, escape: escaping, parts, parameters: [...new Set(names)] };
}

/** Where the first literal `}` of a template's text begins; 0 when it has none. */
export function literalBraceAt(text: string): number {
  const literal = text.replace(/\{\{|\}\}|\{\w+\}/g, (piece) => (piece === "}}" ? piece : "x".repeat(piece.length)));
  return Math.max(0, literal.indexOf("}}"));
}

/** The key or tag for these parameter values, by position in `parameters`; `null` when it would be too long or is not valid Unicode. */
export type Render = (values: readonly string[]) => string | null;

/** The template as a function from values to text. */
export function renderer({ parts, parameters, escape: escaping }: Template): Render {
  // One place per part: a literal, or the position of its parameter.
  const plan = parts.map((part) => ("literal" in part ? part.literal : parameters.indexOf(part.parameter)));
  const escaped = escaping === "percent" ? escapePercent : (value: string) => value;
  return (values) => {
    let key = "";
    for (const value of values) if (!value.isWellFormed()) return null;
    for (const step of plan) key += typeof step === "string" ? step : escaped(values[step] ?? "");
    return fits(key) ? key : null;
  };
}

function fits(key: string): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8.
  return key.length * 3 <= limits.keyBytesMax || utf8Bytes(key) <= limits.keyBytesMax;
}

/** Bytes of well-formed text in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Whether a key can come of the template with some parameters. */
export function keyMatcher(template: Template): (key: string) => boolean {
  const whole = keyPattern(template, "+");
  return (key) => whole.test(key);
}

/**
 * The parameters that a key came of, unescaped; more than one list where the template does not tell (`{a}{b}`, or `escape:
 * none`), none when the key is not of the template.
 */
export function keyReader(template: Template): (key: string) => readonly (readonly string[])[] {
  const patterns = [keyPattern(template, "+"), keyPattern(template, "+?")];
  const unescaped = template.escape === "percent" ? decodeURIComponent : (text: string) => text;
  return (key) => {
    const found = patterns.flatMap((pattern) => {
      const values = pattern.exec(key)?.slice(1);
      return values === undefined ? [] : [values];
    });
    const [first, second] = found;
    if (first === undefined) return [];
    const readings = second === undefined || second.every((value, at) => value === first[at]) ? [first] : [first, second];
    try {
      return readings.map((values) => values.map((value) => unescaped(value)));
    } catch {
      return []; // bytes that are not UTF-8: no parameter of ours
    }
  };
}

/** One group for each parameter, in the order of first use; one that stands there again must be the same. */
function keyPattern({ parts, parameters, escape: escaping }: Template, quantifier: "+" | "+?"): RegExp {
  const value = escaping === "percent" ? `((?:[^%:,{} \\p{Cc}]|%[0-9A-F]{2})${quantifier})` : `(.${quantifier})`;
  const seen = new Set<string>();
  const texts = parts.map((part) => {
    if ("literal" in part) return part.literal.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    if (seen.has(part.parameter)) return `(?:\\${parameters.indexOf(part.parameter) + 1})`;
    seen.add(part.parameter);
    return value;
  });
  return new RegExp(`^${texts.join("")}$`, "su");
}
