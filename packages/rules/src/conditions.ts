import type { ASTNode } from "@marcbachmann/cel-js";
import { serialize } from "@marcbachmann/cel-js";
import { compile, type Program } from "./cel.js";

/** A `when` as the chain its author wrote: `all` for `a && b && c`, `any` for `a || b`, `one` for anything else. */
export interface Conditions {
  readonly kind: "all" | "any" | "one";
  readonly parts: readonly Condition[];
}

export interface Condition {
  /** In the words of the file. */
  readonly text: string;
  /** Where it starts in the whole expression. */
  readonly offset: number;
  readonly program: Program | null;
}

/** Takes a `when` apart at its outermost `&&` or `||`. */
export function conditionsOf(program: Program): Conditions {
  const { node } = program;
  const kind = node.op === "&&" ? "all" : node.op === "||" ? "any" : "one";
  const nodes = kind === "one" ? [node] : chainOf(node, node.op);
  return { kind, parts: nodes.map((part) => conditionOf(part, kind === "one" ? program : null)) };
}

function chainOf(node: ASTNode, op: string): ASTNode[] {
  if ((node.op !== "&&" && node.op !== "||") || node.op !== op) return [node];
  const [left, right] = node.args;
  return [...chainOf(left, op), ...chainOf(right, op)];
}

function conditionOf(node: ASTNode, whole: Program | null): Condition {
  const offset = node.range.start;
  if (whole !== null) return { text: whole.text, offset, program: whole };
  const written = node.input.slice(offset, node.range.end);
  // Outer parentheses are not part of a node, so a slice may have one of a pair.
  const text = isSame(written, node) ? written : serialize(node);
  const program = compile(text, { item: true });
  return { text, offset, program: "problem" in program ? null : program };
}

function isSame(text: string, node: ASTNode): boolean {
  const program = compile(text, { item: true });
  return !("problem" in program) && serialize(program.node) === serialize(node);
}
