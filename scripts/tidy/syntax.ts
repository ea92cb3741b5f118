import { parseSync } from "@swc/core";

/** A node of swc's syntax tree. Spans are byte offsets from 1. */
export interface SyntaxNode {
  readonly type: string;
  readonly span: { readonly start: number; readonly end: number };
  readonly [member: string]: unknown;
}

/** A node and the nodes around it, nearest first. */
export interface Placed {
  readonly node: SyntaxNode;
  readonly around: readonly SyntaxNode[];
}

/** @throws Error when the text is not TypeScript. */
export function parse(text: string): SyntaxNode {
  const tree: unknown = parseSync(text, { syntax: "typescript", target: "es2024" });
  if (!isNode(tree)) throw new Error("swc gave no syntax tree");
  return tree;
}

/** Every node below and including this one, in the order of the text. */
export function nodesOf(root: SyntaxNode): readonly Placed[] {
  const found: Placed[] = [];
  collect(root, [], found);
  return found;
}

function collect(value: unknown, around: readonly SyntaxNode[], found: Placed[]): void {
  if (typeof value !== "object" || value === null) return;
  const inner = isNode(value) ? [value, ...around] : around;
  if (isNode(value)) found.push({ node: value, around });
  for (const member of Object.values(value)) collect(member, inner, found);
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "span" in value;
}

/** The node under a member name, or `null`. */
export function child(node: SyntaxNode, member: string): SyntaxNode | null {
  const value = node[member];
  return isNode(value) ? value : null;
}

/** The list under a member name; nodes only, so the wrappers of call arguments are opened. */
export function children(node: SyntaxNode, member: string): readonly SyntaxNode[] {
  const value = node[member];
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    if (isNode(item)) return [item];
    return typeof item === "object" && item !== null && "expression" in item && isNode(item.expression) ? [item.expression] : [];
  });
}

/** The name or text of an identifier, a private name or a string, else `""`. */
export function textOf(node: SyntaxNode | null): string {
  return typeof node?.value === "string" ? node.value : "";
}

/** `process.env` and the like as text; `""` for anything that is not a chain of names. */
export function chainOf(node: SyntaxNode | null): string {
  if (node === null) return "";
  if (node.type !== "MemberExpression") return node.type === "Identifier" ? textOf(node) : "";
  const owner = chainOf(child(node, "object"));
  return owner === "" ? "" : `${owner}.${textOf(child(node, "property"))}`;
}
