import { importsOf } from "./imports.ts";
import { chainOf, child, type Placed, textOf } from "./syntax.ts";
import { type Found, nameOf, sourceRule } from "./tree.ts";
import { isEntryPoint, isPure, isTest, isTool } from "./zones.ts";

const impure = new Set([
  "Date",
  "process",
  "performance",
  "crypto",
  "fetch",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "globalThis",
]);

export const pureZone = sourceRule("pure-zone", (file) => {
  if (!isPure(file.path)) return [];
  const fix = "Take it as an argument: this code must give the same answer to the same values, always.";
  const imported = importsOf(file)
    .filter(({ from }) => from.startsWith("node:"))
    .map(({ from, line }) => ({ line, message: `imports ${from} in a pure zone`, fix }));
  const used = file.nodes.flatMap((placed): readonly Found[] => {
    const what = impurity(placed);
    return what === null ? [] : [{ line: file.lineOf(placed.node), message: `${what} in a pure zone`, fix }];
  });
  return [...imported, ...used];
});

function impurity({ node, around }: Placed): string | null {
  if (node.type === "AwaitExpression") return "`await`";
  if (node.async === true) return "`async`";
  if (node.type === "MemberExpression" && chainOf(node) === "Math.random") return "`Math.random`";
  if (node.type !== "Identifier" || !impure.has(textOf(node)) || isMemberName({ node, around })) return null;
  return `\`${textOf(node)}\``;
}

/** A name after a dot, or before a colon: not the global of that name. */
function isMemberName({ node, around }: Placed): boolean {
  const outer = around[0];
  if (outer === undefined) return false;
  return outer.property === node || outer.key === node || outer.type === "TsPropertySignature";
}

export const processUse = sourceRule("process-use", (file) =>
  file.nodes.flatMap(({ node }): readonly Found[] => {
    if (node.type !== "MemberExpression") return [];
    const chain = chainOf(node);
    const line = file.lineOf(node);
    if (chain === "process.env" && !mayReadEnvironment(file.path)) {
      return [{ line, message: "`process.env` outside config.ts", fix: "Read it in config.ts and pass the value on." }];
    }
    if (chain === "process.exit" && !isEntryPoint(file.path) && !isTool(file.path)) {
      return [{ line, message: "`process.exit` outside bin.ts and main.ts", fix: "Return an exit code, or throw a FreshetError." }];
    }
    return [];
  }),
);

function mayReadEnvironment(path: string): boolean {
  return nameOf(path) === "config.ts" || path.startsWith("packages/testkit/") || isTool(path) || /\/bin\/[^/]+\.mjs$/.test(path);
}

export const consoleUse = sourceRule("console-use", (file) =>
  file.nodes.flatMap(({ node, around }): readonly Found[] => {
    if (node.type !== "Identifier" || textOf(node) !== "console" || isMemberName({ node, around })) return [];
    if (isTool(file.path) || nameOf(file.path) === "io.ts") return [];
    return [{ line: file.lineOf(node), message: "`console` outside io.ts", fix: "Take a logger or the CLI's io as an argument." }];
  }),
);

const timers = new Set(["setTimeout", "setInterval", "sleep", "delay"]);

export const sleepInTests = sourceRule("sleep-in-test", (file) => {
  if (!isTest(file.path) || file.path.startsWith("packages/testkit/")) return [];
  return file.nodes.flatMap(({ node }): readonly Found[] => {
    const callee = node.type === "CallExpression" ? child(node, "callee") : null;
    const name = callee?.type === "MemberExpression" ? textOf(child(callee, "property")) : textOf(callee);
    if (!timers.has(name)) return [];
    return [{ line: file.lineOf(node), message: `\`${name}\` in a test`, fix: "Use a clock, or poll with `until(condition)`." }];
  });
});

export const skippedTests = sourceRule("skipped-test", (file) => {
  if (!isTest(file.path)) return [];
  return file.nodes.flatMap(({ node }): readonly Found[] => {
    const chain = node.type === "MemberExpression" ? chainOf(node) : "";
    if (!/^(?:test|it|describe)\.(?:only|skip|todo)$/.test(chain)) return [];
    return [
      {
        line: file.lineOf(node),
        message: `\`${chain}\``,
        fix: "A test runs or is deleted; what a machine lacks must fail with a clear message.",
      },
    ];
  });
});

/** A pipeline of ioredis resolves although commands in it failed: one file knows how to read its replies. */
export const pipelineExec = sourceRule("pipeline-exec", (file) => {
  if (file.path === "packages/store/src/exec.ts" || isTest(file.path) || isTool(file.path)) return [];
  return file.nodes.flatMap(({ node }): readonly Found[] => {
    const callee = node.type === "CallExpression" ? child(node, "callee") : null;
    const takesNone = Array.isArray(node.arguments) && node.arguments.length === 0;
    if (callee?.type !== "MemberExpression" || textOf(child(callee, "property")) !== "exec" || !takesNone) return [];
    return [
      { line: file.lineOf(node), message: "`.exec()` of a pipeline", fix: "Use packages/store/src/exec.ts, which looks at each reply." },
    ];
  });
});
