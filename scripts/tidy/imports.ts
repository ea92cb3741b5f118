import { child, children, type Placed, type SyntaxNode, textOf } from "./syntax.ts";
import type { SourceFile } from "./tree.ts";

/** One `import`, `import()`, `import type` or `export … from`. */
export interface Import {
  readonly line: number;
  /** The text as written: `./plan.js`, `@freshet/rules`, `node:fs`. */
  readonly from: string;
  /** The names taken, as the other file calls them; `["*"]` for all of them. */
  readonly names: readonly string[];
  readonly isReexport: boolean;
}

const declarations = new Set(["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration"]);

/** All imports of a file, in the order of the text. */
export function importsOf(file: SourceFile): readonly Import[] {
  return file.nodes.flatMap((placed): readonly Import[] => {
    const { node } = placed;
    const line = file.lineOf(node);
    const from = textOf(child(node, "source"));
    if (declarations.has(node.type) && from !== "") {
      return [{ line, from, names: namesOf(node), isReexport: node.type !== "ImportDeclaration" }];
    }
    const taken = lateImport(placed);
    return taken === null ? [] : [{ line, ...taken, isReexport: false }];
  });
}

function namesOf(node: SyntaxNode): readonly string[] {
  if (node.type === "ExportAllDeclaration") return ["*"];
  return children(node, "specifiers").map((specifier) => {
    if (specifier.type === "ImportDefaultSpecifier") return "default";
    if (specifier.type === "ImportNamespaceSpecifier" || specifier.type === "ExportNamespaceSpecifier") return "*";
    return textOf(child(specifier, "imported")) || textOf(child(specifier, "orig")) || textOf(child(specifier, "local"));
  });
}

/** `import("x")`, as a call or as a type. */
function lateImport({ node }: Placed): Pick<Import, "from" | "names"> | null {
  if (node.type === "TsImportType") return { from: textOf(child(node, "argument")), names: [textOf(child(node, "qualifier")) || "*"] };
  if (node.type !== "CallExpression" || child(node, "callee")?.type !== "Import") return null;
  const argument = children(node, "arguments")[0];
  return argument?.type === "StringLiteral" ? { from: textOf(argument), names: ["*"] } : null;
}
