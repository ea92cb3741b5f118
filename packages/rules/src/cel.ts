import type { JsonValue } from "@freshet/protocol";
import { type ASTNode, TypeError as CelTypeError, Environment, EvaluationError, ParseError } from "@marcbachmann/cel-js";
import { EvaluationFailure, missingField } from "./failure.js";
import { nearest } from "./nearest.js";
import { readPath, readRaw } from "./path.js";
import { quickly } from "./quick.js";
import type { Scope } from "./scope.js";
import { metered } from "./steps.js";
import type { Mistake } from "./types.js";

/** What a CEL expression may use, as the rules file calls it. */
const variables = ["subject", "space", "version", "op", "type", "source", "time", "tenant", "data", "previous", "headers", "item"] as const;

/** A compiled expression. */
export interface Program {
  readonly text: string;
  /** What the type checker says it gives: `bool`, `string`, `int`, `double`, `list…`, `map…`, `dyn` when it depends on data. */
  readonly type: string;
  readonly node: ASTNode;
  /** The variables it reads. */
  readonly reads: ReadonlySet<string>;
  /** @throws EvaluationFailure when a field is not there, types do not fit, … */
  readonly evaluate: (scope: Scope) => unknown;
  /** The JSON value itself, where the expression is a field of the event: a list of a million items costs nothing until it is used. Throws as `evaluate`. */
  readonly raw: ((scope: Scope) => JsonValue) | null;
}

/** Why an expression is refused, and at which of its characters. */
export interface ExpressionMistake extends Mistake {
  readonly offset: number;
}

const limits = { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 100, maxCallArguments: 8 };
const expressionCharactersMax = 4000;

/** The name that stands for the variable `type`, which CEL keeps for itself; of the same length, so that positions stay. */
const TYPE_ALIAS = "typ_";

const plain = environment();
const withItem = plain.clone().registerVariable("item", "dyn");

function environment(): Environment {
  const made = new Environment({ limits, homogeneousAggregateLiterals: false });
  for (const name of ["subject", "space", "version", "op", TYPE_ALIAS, "source", "time"]) made.registerVariable(name, "string");
  for (const name of ["data", "previous", "headers"]) made.registerVariable(name, "map");
  made.registerVariable("tenant", "dyn");
  const arithmetic: Record<string, (a: number, b: number) => number> = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => a / b,
  };
  for (const [sign, compute] of Object.entries(arithmetic)) {
    const mixed = (a: number | bigint, b: number | bigint): number => compute(Number(a), Number(b));
    made.registerOperator(`int ${sign} double: double`, mixed);
    made.registerOperator(`double ${sign} int: double`, mixed);
  }
  return made;
}

/** Compiles one CEL expression, type checked; `item` is known inside a `forEach` only. Never throws. */
export function compile(text: string, options: { readonly item: boolean }): Program | ExpressionMistake {
  if (text.length > expressionCharactersMax) {
    return {
      code: "expression_size",
      offset: 0,
      problem: `the expression is longer than ${expressionCharactersMax} characters`,
      fix: "Split the rule.",
    };
  }
  const cel = options.item ? withItem : plain;
  try {
    const original = cel.parse(text);
    const nodes = [...nodesOf(original.ast)];
    const refused = refusal(nodes);
    if (refused !== null) return refused;
    const program = cel.parse(withTypeAlias(text, nodes));
    const checked = program.check();
    if (!checked.valid) return mistakeOf(checked.error, options);
    const reads = new Set(nodes.flatMap((node) => (node.op === "id" ? [node.args] : [])));
    const asked = metered(program.ast, (scope: Scope): unknown => run(program, scope, original.ast));
    const quick = quickly(original.ast);
    const evaluate =
      readPath(original.ast, options.item) ?? (quick === null ? asked : (scope: Scope) => quick(scope.event) ?? asked(scope));
    return { text, type: checked.type ?? "dyn", node: original.ast, reads, evaluate, raw: readRaw(original.ast) };
  } catch (error) {
    return mistakeOf(error, options);
  }
}

function run(program: (context: Scope) => unknown, scope: Scope, ast: ASTNode): unknown {
  try {
    return program(scope);
  } catch (error) {
    throw error instanceof EvaluationFailure ? error : new EvaluationFailure(failureText(error, ast));
  }
}

/** Every node of an expression, arguments of macros included. */
export function* nodesOf(node: ASTNode): Generator<ASTNode> {
  yield node;
  yield* nodesIn(node.args);
}

function* nodesIn(value: unknown): Generator<ASTNode> {
  if (Array.isArray(value)) for (const item of value) yield* nodesIn(item);
  else if (isNode(value)) yield* nodesOf(value);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value && "input" in value;
}

/** What parses but may not be used. */
function refusal(nodes: readonly ASTNode[]): ExpressionMistake | null {
  for (const node of nodes) {
    if (node.op === "rcall" && node.args[0] === "matches") {
      const fix = "Use ==, `in`, startsWith(), endsWith() or contains(): a regular expression can take forever on unlucky data.";
      return { code: "expression_refused", offset: node.range.start, problem: "`matches()` is not available", fix };
    }
    if (node.op === "rcall" && node.args[0] === "json") {
      const fix = "Send such data as JSON of its own: what is read here would lose digits and limits.";
      return { code: "expression_refused", offset: node.range.start, problem: "`json()` is not available", fix };
    }
    if (node.op === "call" && node.args[0] === "duration" && node.args[1][0]?.op !== "value") {
      const fix = "Compare numbers of seconds: the library needs minutes for a long text of digits.";
      return { code: "expression_refused", offset: node.range.start, problem: "`duration()` takes nothing but a text in quotes", fix };
    }
    if (node.op === "id" && node.args === TYPE_ALIAS) return unknownVariable(node.args, node.range.start, { item: true });
  }
  return null;
}

/** `type` is a name of CEL's own; where the rule says it, the event's type is meant. */
function withTypeAlias(text: string, nodes: readonly ASTNode[]): string {
  let aliased = text;
  for (const node of nodes) {
    if (node.op !== "id" || node.args !== "type") continue;
    aliased = aliased.slice(0, node.range.start) + TYPE_ALIAS + aliased.slice(node.range.start + TYPE_ALIAS.length);
  }
  return aliased;
}

function mistakeOf(error: unknown, options: { readonly item: boolean }): ExpressionMistake {
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) {
    return {
      code: "expression_syntax",
      offset: 0,
      problem: "the expression cannot be read",
      fix: "Write a shorter, simpler CEL expression.",
    };
  }
  const offset = error.range?.start ?? 0;
  const problem = lowerFirst(error.summary.replaceAll(TYPE_ALIAS, "type"));
  if (error.code === "unknown_variable") return unknownVariable(problem.slice(problem.indexOf(":") + 2), offset, options);
  if (error.code === "limit_exceeded")
    return { code: "expression_size", offset, problem, fix: "Write a smaller expression, or split the rule." };
  if (error instanceof ParseError) {
    return {
      code: "expression_syntax",
      offset,
      problem: `the expression cannot be read: ${problem}`,
      fix: "Mend the CEL here; texts inside it need their own quotes.",
    };
  }
  return { code: "expression_type", offset, problem: `the types cannot be right: ${problem}`, fix: typeFix(error.code) };
}

function typeFix(code: string): string {
  if (code === "no_such_overload") return "Make both sides the same kind: string(x), int(x) or double(x) convert.";
  if (code === "no_matching_overload") return "Check the name of the function and its arguments.";
  return "Make the parts of the expression fit each other.";
}

function unknownVariable(name: string, offset: number, { item }: { readonly item: boolean }): ExpressionMistake {
  if (name === "item" && !item) {
    return {
      code: "unknown_variable",
      offset,
      problem: "`item` is known inside a `forEach` only",
      fix: "Add `forEach` to the bust, or use another variable.",
    };
  }
  const known = variables.filter((variable) => item || variable !== "item");
  const near = nearest(name, known);
  const asField = `Variables: ${known.join(", ")}. A field of the event is data.${name}, a text is "${name}".`;
  return {
    code: "unknown_variable",
    offset,
    problem: `\`${name}\` is not a variable`,
    fix: near === null ? asField : `Did you mean \`${near}\`?`,
  };
}

/** Texts by the library's codes: its own messages may quote values. */
function failureText(error: unknown, ast: ASTNode): string {
  if (!(error instanceof EvaluationError)) return `\`${ast.input}\` cannot be evaluated`;
  const node = error.node;
  const part = node === undefined ? ast.input : ast.input.slice(node.range.start, node.range.end);
  if (error.code === "no_such_key" && node !== undefined && node.op === ".") return missingField(node.args[1]);
  const reasons: Record<string, string> = {
    no_such_key: "has no such key",
    index_out_of_bounds: "is outside the list",
    index_out_of_range: "is outside the text",
    no_such_overload: "does not work on these types",
    no_matching_overload: "does not work on these types",
    invalid_logical_operand: "is not true or false",
    invalid_condition_type: "is not true or false",
    invalid_comprehension_range: "is not a list",
    division_by_zero: "divides by zero",
    modulo_by_zero: "divides by zero",
    numeric_overflow: "is too large for an integer",
    variable_type_mismatch: "is not there or of another type",
  };
  return `\`${part.replaceAll(TYPE_ALIAS, "type")}\` ${reasons[error.code] ?? "cannot be evaluated"}`;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
