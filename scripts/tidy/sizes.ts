import { child, children, type SyntaxNode } from "./syntax.ts";
import { type Found, type SourceFile, sourceRule, type TextFile, textRule } from "./tree.ts";
import { isTest } from "./zones.ts";

const sourceLinesMax = 300;
const testLinesMax = 400;
const luaLinesMax = 100;
const functionLinesMax = 70;
const nestingMax = 3;
const parametersMax = 3;

export const fileSize = textRule("file-size", (file) => {
  const max = linesMaxOf(file);
  const lines = file.text.replace(/\n$/, "").split("\n").length;
  if (max === null || lines <= max) return [];
  return [
    {
      line: max + 1,
      message: `${lines} lines, ${max} allowed`,
      fix: "Split it by behaviour; a split that needs five arguments is the wrong one.",
    },
  ];
});

function linesMaxOf({ path }: TextFile): number | null {
  if (path.includes("/generated/")) return null;
  if (path.endsWith(".lua")) return luaLinesMax;
  if (!/\.(ts|mts|mjs|js)$/.test(path)) return null;
  return isTest(path) ? testLinesMax : sourceLinesMax;
}

export const functionSize = sourceRule("function-size", (file) =>
  functionsOf(file).flatMap(({ node, isSuite }): readonly Found[] => {
    const lines = file.linesOf(node);
    if (isSuite || lines <= functionLinesMax) return [];
    const message = `a function of ${lines} lines, ${functionLinesMax} allowed`;
    return [{ line: file.lineOf(node), message, fix: "Keep the branches here and move the pure parts out." }];
  }),
);

export const nesting = sourceRule("nesting", (file) =>
  file.nodes.flatMap(({ node, around }): readonly Found[] => {
    if (!isControl(node) || isElseIf(node, around)) return [];
    const outside = around.slice(0, boundary(around));
    const depth = outside.filter((outer, at) => isControl(outer) && !isElseIf(outer, outside.slice(at + 1))).length + 1;
    if (depth !== nestingMax + 1) return [];
    return [{ line: file.lineOf(node), message: `nested deeper than ${nestingMax}`, fix: "Return early, or give the inner part a name." }];
  }),
);

export const parameters = sourceRule("parameters", (file) =>
  file.nodes.flatMap(({ node, around }): readonly Found[] => {
    // What a test hands to `test.each` takes the columns of its table, however many there are.
    if (!takesParameters.has(node.type) || (isTest(file.path) && around[0]?.type === "CallExpression")) return [];
    const count = (children(node, "params").length || functionParams(node)) ?? 0;
    if (count <= parametersMax) return [];
    return [
      { line: file.lineOf(node), message: `${count} parameters, ${parametersMax} allowed`, fix: "Take one object with named members." },
    ];
  }),
);

const takesParameters = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "MethodProperty",
  "ClassMethod",
  "PrivateMethod",
  "Constructor",
  "TsFunctionType",
  "TsMethodSignature",
  "TsCallSignatureDeclaration",
]);
const controls = new Set([
  "IfStatement",
  "ForStatement",
  "ForOfStatement",
  "ForInStatement",
  "WhileStatement",
  "DoWhileStatement",
  "SwitchStatement",
  "TryStatement",
]);
const functions = new Set([...takesParameters].filter((type) => !type.startsWith("Ts")));

/** swc keeps the parameters of a method in a member that is no node. */
function functionParams(node: SyntaxNode): number {
  const inner = node.function;
  return typeof inner === "object" && inner !== null && "params" in inner && Array.isArray(inner.params) ? inner.params.length : 0;
}

function functionsOf(file: SourceFile): readonly { node: SyntaxNode; isSuite: boolean }[] {
  return file.nodes
    .filter(({ node }) => functions.has(node.type))
    .map(({ node, around }) => ({ node, isSuite: isTest(file.path) && isSuiteCall(around[0]) }));
}

/** `describe(…)` or `describe.each(…)(…)`: a list of tests, not a function to be read from top to bottom. */
function isSuiteCall(node: SyntaxNode | undefined): boolean {
  if (node?.type !== "CallExpression") return false;
  const callee = child(node, "callee");
  if (callee?.type === "CallExpression") return isSuiteCall(callee);
  const name = callee?.type === "MemberExpression" ? child(callee, "object") : callee;
  return name?.value === "describe";
}

function isControl(node: SyntaxNode): boolean {
  return controls.has(node.type);
}

function isElseIf(node: SyntaxNode, around: readonly SyntaxNode[]): boolean {
  const outer = around[0];
  return node.type === "IfStatement" && outer?.type === "IfStatement" && outer.alternate === node;
}

function boundary(around: readonly SyntaxNode[]): number {
  const at = around.findIndex((node) => functions.has(node.type));
  return at < 0 ? around.length : at;
}
