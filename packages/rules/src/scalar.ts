import { isScalar, type Node } from "yaml";

/**
 * The offset in the file of one character of a text value: through quotes, escapes and folded lines, so that a finding
 * in a CEL expression points into the expression. Falls back to the start of the value.
 */
export function offsetInScalar(source: string, node: Node | null, offset: number): number {
  const range = node?.range;
  if (!isScalar(node) || range === undefined || range === null || typeof node.value !== "string") return range?.[0] ?? 0;
  const [start, end] = range;
  if (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED") {
    const { at, indent } = blockStart(source, start);
    return walk(source, { value: node.value, quote: undefined, at, end, offset, indent });
  }
  const quote = node.type === "QUOTE_SINGLE" || node.type === "QUOTE_DOUBLE" ? source[start] : undefined;
  return walk(source, { value: node.value, quote, at: quote === undefined ? start : start + 1, end, offset, indent: null });
}

interface Walk {
  readonly value: string;
  readonly quote: string | undefined;
  readonly at: number;
  readonly end: number;
  readonly offset: number;
  /** Of a block's lines; `null` where lines are folded whatever their indentation. */
  readonly indent: number | null;
}

/** Walks file and value side by side until `offset` characters of the value are behind. */
function walk(source: string, { value, quote, at, end, offset, indent }: Walk): number {
  let from = at;
  let done = 0;
  while (done < offset && from < end) {
    const rest = source.slice(from, from + 12);
    const escaped = quote === '"' ? (/^\\(x..|u....|U........|\r?\n[ \t]*|.)/s.exec(rest)?.[0] ?? "") : "";
    const broken = lineBreak(source, from, indent);
    if (escaped !== "") {
      from += escaped.length;
      if (!/^\\\r?\n/.test(escaped)) done += escaped.startsWith("\\U") && (value.codePointAt(done) ?? 0) > 0xffff ? 2 : 1;
    } else if (quote === "'" && rest.startsWith("''")) {
      from += 2;
      done += 1;
    } else if (broken > 0) {
      from += broken;
      do done += 1;
      while (value[done] === "\n");
    } else {
      from += 1;
      done += 1;
    }
  }
  return Math.min(from + lineBreak(source, from, indent), end);
}

/** How many characters of the file are the line break here, with the blanks that go along with it; 0 when there is none. */
function lineBreak(source: string, at: number, indent: number | null): number {
  const next = source[at];
  if (next !== "\n" && next !== "\r" && next !== " " && next !== "\t") return 0;
  const rest = source.slice(at, at + 2000);
  if (indent === null) return /^[ \t]*\r?\n\s*/.exec(rest)?.[0].length ?? 0;
  const lines = /^(\r?\n)([ \t]*\r?\n)*/.exec(rest)?.[0].length ?? 0;
  return lines === 0 ? 0 : lines + indent;
}

/** The first character of a block's text, after header line and indentation, and how deep its lines are indented. */
function blockStart(source: string, at: number): { readonly at: number; readonly indent: number } {
  const header = source.indexOf("\n", at);
  const blanks = /^(?:[ \t]*\r?\n)*( *)/.exec(source.slice(header + 1, header + 2000)) ?? [""];
  return { at: header + 1 + blanks[0].length, indent: blanks[1]?.length ?? 0 };
}
