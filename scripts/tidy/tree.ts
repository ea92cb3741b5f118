import { nodesOf, type Placed, parse, type SyntaxNode } from "./syntax.ts";

/** One thing that is not tidy, where, and what to do instead. */
export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly rule: string;
  readonly message: string;
  readonly fix: string;
}
export type Found = Omit<Finding, "path" | "rule">;

export interface TextFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** A TypeScript or JavaScript file, parsed. */
export interface SourceFile extends TextFile {
  readonly root: SyntaxNode;
  readonly nodes: readonly Placed[];
  readonly lineOf: (node: SyntaxNode) => number;
  /** The lines from the first to the last of a node. */
  readonly linesOf: (node: SyntaxNode) => number;
}

/** All files a rule may look at. */
export interface Tree {
  readonly files: readonly TextFile[];
  readonly sources: readonly SourceFile[];
  /** Whether a file or folder is there, even one whose text was not read. */
  readonly has: (path: string) => boolean;
}

export interface Rule {
  readonly name: string;
  readonly check: (tree: Tree) => readonly Finding[];
}

/** Parses what can be parsed; `paths` are all files there are, read or not. */
export function treeOf(files: readonly TextFile[], paths: readonly string[] = files.map((file) => file.path)): Tree {
  const known = new Set<string>();
  for (const path of paths) for (let at = path; at !== "" && !known.has(at); at = parentOf(at)) known.add(at);
  const sources = files.filter((file) => /\.(ts|mts|mjs|js)$/.test(file.path)).map(sourceFile);
  return { files, sources, has: (path) => known.has(path) };
}

function sourceFile({ path, text }: TextFile): SourceFile {
  const root = parse(text);
  const bytes = Buffer.from(text);
  const newlines: number[] = [];
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) newlines.push(at);
  const lineAt = (offset: number): number => countBelow(newlines, offset - 1) + 1;
  return {
    path,
    text,
    root,
    nodes: nodesOf(root),
    lineOf: (node) => lineAt(node.span.start),
    linesOf: (node) => lineAt(node.span.end - 1) - lineAt(node.span.start) + 1,
  };
}

/** How many numbers of an ascending list are below a limit. */
function countBelow(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? limit) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A rule that looks at one parsed file at a time. */
export function sourceRule(name: string, check: (file: SourceFile) => readonly Found[]): Rule {
  return { name, check: (tree) => tree.sources.flatMap((file) => check(file).map((found) => ({ path: file.path, rule: name, ...found }))) };
}

/** A rule that looks at the text of one file at a time. */
export function textRule(name: string, check: (file: TextFile) => readonly Found[]): Rule {
  return { name, check: (tree) => tree.files.flatMap((file) => check(file).map((found) => ({ path: file.path, rule: name, ...found }))) };
}

/** One `Found` for each match of the pattern, which must be global, in a text. */
export function foundIn(text: string, pattern: RegExp, say: (match: RegExpMatchArray) => Omit<Found, "line">): readonly Found[] {
  return [...text.matchAll(pattern)].map((match) => ({ line: text.slice(0, match.index).split("\n").length, ...say(match) }));
}

export function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
