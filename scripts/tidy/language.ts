import { child, children, type SyntaxNode, textOf } from "./syntax.ts";
import { type Found, foundIn, nameOf, type SourceFile, sourceRule, textRule } from "./tree.ts";
import { isTest, isToolConfig } from "./zones.ts";

export const escapes = sourceRule("type-escape", (file) =>
  file.nodes.flatMap(({ node }): readonly Found[] => {
    const found = escapeOf(node);
    return found === null ? [] : [{ line: file.lineOf(node), ...found }];
  }),
);

function escapeOf(node: SyntaxNode): Omit<Found, "line"> | null {
  const kind = node.kind;
  if (node.type === "TsKeywordType" && kind === "any") return { message: "`any`", fix: "Use `unknown` and narrow it." };
  if (node.type === "TsNonNullExpression") return { message: "non-null `!`", fix: "Handle the missing value, or give it a default." };
  const inner = node.type === "TsAsExpression" ? child(node, "expression") : null;
  const type = inner?.type === "TsAsExpression" ? child(inner, "typeAnnotation") : null;
  if (type?.kind === "unknown") return { message: "`as unknown as`", fix: "Write a guard that proves the type." };
  return null;
}

export const exportForms = sourceRule("export-form", (file) => {
  if (isToolConfig(file.path)) return [];
  return children(file.root, "body").flatMap((node): readonly Found[] => {
    const line = file.lineOf(node);
    if (node.type === "ExportAllDeclaration") return [{ line, message: "`export *`", fix: "Name what is exported." }];
    if (!node.type.startsWith("ExportDefault")) return [];
    return [{ line, message: "default export", fix: "Export a name." }];
  });
});

const conversions = new Set(["parseInt", "parseFloat", "Number"]);
const versionName = /(?:^v|V)ersion$/;

/** A version is a string of digits: a number loses the last of them (protocol/src/version.ts). */
export const versionNumbers = sourceRule("version-number", (file) => {
  const fix = "Use `Version` and `compareVersions` of @freshet/protocol.";
  return file.nodes.flatMap(({ node }): readonly Found[] => {
    const line = file.lineOf(node);
    if (converts(node)) return [{ line, message: "a version becomes a number", fix }];
    const type = child(child(node, "typeAnnotation") ?? node, "typeAnnotation");
    const name = textOf(node) || textOf(child(node, "key"));
    if (type?.kind !== "number" || !versionName.test(name)) return [];
    return [{ line, message: `\`${name}\` is a number`, fix }];
  });
});

function converts(node: SyntaxNode): boolean {
  if (node.type === "UnaryExpression" && node.operator === "+") return mentionsVersion(child(node, "argument"));
  const callee = node.type === "CallExpression" ? child(node, "callee") : null;
  const name = callee?.type === "MemberExpression" ? textOf(child(callee, "property")) : textOf(callee);
  return conversions.has(name) && mentionsVersion(children(node, "arguments")[0] ?? null);
}

function mentionsVersion(node: SyntaxNode | null): boolean {
  const name = node?.type === "MemberExpression" ? textOf(child(node, "property")) : textOf(node);
  return node?.type !== "StringLiteral" && versionName.test(name);
}

export const luaNumbers = textRule("version-number", ({ path, text }) => {
  if (!path.endsWith(".lua")) return [];
  return foundIn(text, /tonumber\(\s*([^()]*version[^()]*)\)/gi, (match) => ({
    message: `\`tonumber\` of \`${match[1]}\``,
    fix: "Compare by length, then by bytes (lib/version.lua).",
  }));
});

/** One idea, one word (the glossary of ARCHITECTURE.md). */
const refused: readonly { readonly word: RegExp; readonly use: string }[] = [
  { word: /purge/i, use: "bust" },
  { word: /invalidate/i, use: "bust" },
  { word: /fence/i, use: "floor" },
  { word: /tombstone/i, use: "bust, or floor; the word is kept for a null value in Kafka" },
];

/** Where `tombstone` is Kafka's word: what reads records and what describes their sources. */
const kafkaWords = /^(?:packages\/(?:protocol|rules|kafka)\/|packages\/pipeline\/src\/(?:decode|map)|services\/[^/]+\/bench\/|scripts\/)/;

export const words = sourceRule("word", (file) => [
  ...wordsIn(file.path, nameOf(file.path)).map((found) => ({ line: 1, ...found })),
  ...file.nodes.flatMap(({ node }): readonly Found[] => {
    if (node.type !== "Identifier" && node.type !== "PrivateName") return [];
    return wordsIn(file.path, textOf(node)).map((found) => ({ line: file.lineOf(node), ...found }));
  }),
]);

function wordsIn(path: string, name: string): readonly Omit<Found, "line">[] {
  return refused
    .filter(({ word }) => word.test(name) && !(word.test("tombstone") && (isTest(path) || kafkaWords.test(path))))
    .map(({ use }) => ({ message: `the name \`${name}\``, fix: `Say ${use}.` }));
}

const grabBag = /^(?:utils?|helpers?|common|misc|types-and-more)(?:\.ts)?$/;

export const grabBags = sourceRule("grab-bag", (file: SourceFile) =>
  file.path.split("/").some((part) => grabBag.test(part))
    ? [{ line: 1, message: "a name that says nothing", fix: "Name it after what it does." }]
    : [],
);

export const fileNames = sourceRule("file-name", (file: SourceFile) =>
  /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)*$/.test(nameOf(file.path))
    ? []
    : [{ line: 1, message: "a file name that is not kebab-case", fix: "Lower case, words joined by `-`." }],
);
