import { resolve } from "./arrows.ts";
import { entryPaths } from "./entries.ts";
import { importsOf } from "./imports.ts";
import { child, children, type SyntaxNode, textOf } from "./syntax.ts";
import type { Finding, Rule, SourceFile, Tree } from "./tree.ts";
import { nameOf } from "./tree.ts";
import { isTest, isToolConfig } from "./zones.ts";

interface Export {
  readonly name: string;
  readonly line: number;
  readonly isType: boolean;
}

/** Who takes which name of which file; `*` stands for all names. */
type Uses = ReadonlyMap<string, ReadonlyMap<string, readonly SourceFile[]>>;

/** An export that no other file takes. A test is no use, except of what is there for tests. */
export const deadExports: Rule = {
  name: "dead-export",
  check: (tree) => {
    const uses = usesOf(tree);
    return tree.sources.flatMap((file) => exportsOf(file).flatMap((item) => deadExport(file, item, uses)));
  },
};

function deadExport(file: SourceFile, item: Export, uses: Uses): readonly Finding[] {
  const taken = uses.get(file.path);
  const all = [...(taken?.get(item.name) ?? []), ...(taken?.get("*") ?? [])];
  const users = all.filter((user) => isTest(file.path) || !isTest(user.path));
  if (users.length > 0 || isToolConfig(file.path) || (item.isType && isSpoken(file, item.name))) return [];
  const fix = "Delete it, or list it in scripts/tidy/exceptions.ts with the reason why others need it.";
  return [
    {
      path: file.path,
      line: item.line,
      rule: "dead-export",
      message: `nothing${all.length > 0 ? " but tests" : ""} takes \`${item.name}\``,
      fix,
    },
  ];
}

/** A type that the signatures of its own file name: callers get to see it, taken or not. */
function isSpoken(file: SourceFile, name: string): boolean {
  if (nameOf(file.path) === "index.ts" || nameOf(file.path) === "port.ts") return true;
  const mentions = file.nodes.filter(({ node }) => node.type === "Identifier" && textOf(node) === name);
  return mentions.length > 1;
}

/** A file that no other file takes and that nothing starts. */
export const deadFiles: Rule = {
  name: "dead-file",
  check: (tree) => {
    const uses = usesOf(tree);
    const entries = entryPaths(tree);
    const dead = tree.sources.filter((file) => {
      if (/\.test\.ts$/.test(file.path) || isToolConfig(file.path) || entries.has(file.path)) return false;
      const users = [...(uses.get(file.path)?.values() ?? [])].flat().filter((user) => user.path !== file.path);
      return !users.some((user) => isTest(file.path) || !isTest(user.path)) && !isNamed(file, tree);
    });
    const fix = "Delete it, or import it where it is needed.";
    return dead.map((file) => ({ path: file.path, line: 1, rule: "dead-file", message: "nothing imports or starts this file", fix }));
  },
};

/** Whether a text somewhere names the file, as whoever starts it as a process must. */
function isNamed(file: SourceFile, tree: Tree): boolean {
  const name = nameOf(file.path).replace(/\.ts$/, "");
  const named = new RegExp(`["'\`/]${name.replaceAll(".", "\\.")}\\.(?:ts|js|mjs)["'\`]`);
  return tree.sources.some((other) => other.path !== file.path && (isTest(file.path) || !isTest(other.path)) && named.test(other.text));
}

function usesOf(tree: Tree): Uses {
  const uses = new Map<string, Map<string, SourceFile[]>>();
  for (const file of tree.sources) {
    for (const { from, names } of importsOf(file)) addUse(uses, { file, names, target: targetOf(file.path, from, tree) });
  }
  return uses;
}

function addUse(
  uses: Map<string, Map<string, SourceFile[]>>,
  use: { file: SourceFile; names: readonly string[]; target: string | null },
): void {
  if (use.target === null) return;
  const taken = uses.get(use.target) ?? new Map<string, SourceFile[]>();
  uses.set(use.target, taken);
  for (const name of use.names.length === 0 ? [""] : use.names) taken.set(name, [...(taken.get(name) ?? []), use.file]);
}

/** The file an import means, or `null` when it is not one of ours. */
function targetOf(path: string, from: string, tree: Tree): string | null {
  const [, name = "", entry = "index"] = /^@freshet\/([^/]+)(?:\/(.+))?$/.exec(from) ?? [];
  const guesses = from.startsWith(".")
    ? [resolve(path, from), resolve(path, from).replace(/\.js$/, ".ts")]
    : ["packages", "services"].map((folder) => `${folder}/${name}/src/${entry}.ts`);
  return guesses.find((guess) => tree.has(guess)) ?? null;
}

/** What a file exports, its re-exports included. */
function exportsOf(file: SourceFile): readonly Export[] {
  return children(file.root, "body").flatMap((node): readonly Export[] => {
    const line = file.lineOf(node);
    if (node.type === "ExportNamedDeclaration") return specifiersOf(node).map((found) => ({ ...found, line }));
    const declaration = node.type === "ExportDeclaration" ? child(node, "declaration") : null;
    if (declaration === null) return [];
    return namesIn(declaration).map((name) => ({ name, line, isType: declaration.type.startsWith("Ts") }));
  });
}

function specifiersOf(node: SyntaxNode): readonly Omit<Export, "line">[] {
  return children(node, "specifiers").map((specifier) => ({
    name: textOf(child(specifier, "exported")) || textOf(child(specifier, "orig")),
    isType: node.typeOnly === true || specifier.isTypeOnly === true,
  }));
}

function namesIn(declaration: SyntaxNode): readonly string[] {
  const own = textOf(child(declaration, "identifier")) || textOf(child(declaration, "id"));
  if (own !== "") return [own];
  return children(declaration, "declarations").flatMap((declarator) => boundNames(child(declarator, "id")));
}

function boundNames(pattern: SyntaxNode | null): readonly string[] {
  if (pattern === null) return [];
  if (pattern.type === "Identifier") return [textOf(pattern)];
  const parts = [...children(pattern, "properties"), ...children(pattern, "elements")];
  return parts.flatMap((part) => boundNames(child(part, "value") ?? child(part, "key") ?? part));
}
