import { isScalar, type Node } from "yaml";

/**
 * The offset in the file of one character of a text value: through quotes, escapes and folded lines, so that a finding
 * in a CEL expression points into the expression. Falls back to the start of the value.
 */
export function offsetInScalar(source: string, node: Node | null, offset: number): number {
  const range = node?.range;
  if (!isScalar(node) || range === undefined || range === null || typeof node.value !== "string") return range?.[0] ?? 0;
  const [start, end] = range;
  const quote = source[start];
  const isQuoted = node.type === "QUOTE_SINGLE" || node.type === "QUOTE_DOUBLE";
  const isBlock = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
  const first = isBlock ? afterIndent(source, start) : isQuoted ? start + 1 : start;
  return walk(source, { value: node.value, quote: isQuoted ? quote : undefined, at: first, end, offset });
}

interface Walk {
  readonly value: string;
  readonly quote: string | undefined;
  readonly at: number;
  readonly end: number;
  readonly offset: number;
}

/** Walks file and value side by side until `offset` characters of the value are behind. */
function walk(source: string, { value, quote, at, end, offset }: Walk): number {
  let from = at;
  let done = 0;
  while (done < offset && from < end) {
    const rest = source.slice(from, from + 12);
    const escaped = quote === '"' ? (/^\\(x..|u....|U........|\r?\n[ \t]*|.)/s.exec(rest)?.[0] ?? "") : "";
    if (escaped !== "") {
      from += escaped.length;
      if (!/^\\\r?\n/.test(escaped)) done += escaped.startsWith("\\U") && (value.codePointAt(done) ?? 0) > 0xffff ? 2 : 1;
    } else if (quote === "'" && rest.startsWith("''")) {
      from += 2;
      done += 1;
    } else if (isLineBreak(source, from)) {
      from = afterLineBreaks(source, from);
      do done += 1;
      while (value[done] === "\n");
    } else {
      from += 1;
      done += 1;
    }
  }
  return isLineBreak(source, from) ? afterLineBreaks(source, from) : Math.min(from, end);
}

/** Blanks before a line break are folded away along with it. */
function isLineBreak(source: string, at: number): boolean {
  return /^[ \t]*\r?\n/.test(source.slice(at, at + 200));
}

function afterLineBreaks(source: string, at: number): number {
  return at + (/^\s*/.exec(source.slice(at, at + 2000))?.[0].length ?? 0);
}

/** The first character of a block scalar: after its header line and the indentation. */
function afterIndent(source: string, at: number): number {
  const header = source.indexOf("\n", at);
  return header < 0 ? at : afterLineBreaks(source, header);
}
