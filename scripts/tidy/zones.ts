import { nameOf } from "./tree.ts";

/** `packages/store`, `services/invalidator`, or `""` for what belongs to the whole repository. */
export function workspaceOf(path: string): string {
  return /^(?:packages|services)\/[^/]+/.exec(path)?.[0] ?? "";
}

/** Tests, and the files beside them that only tests use. */
export function isTest(path: string): boolean {
  return /\.test\.ts$/.test(path) || path.includes("/tests/") || path.startsWith("packages/testkit/");
}

/** Programs for developers: never part of what is shipped. */
export function isTool(path: string): boolean {
  return (
    path.startsWith("scripts/") || /^packages\/[^/]+\/(?:scripts|model)\//.test(path) || path.includes("/bench/") || path.startsWith(".ci/")
  );
}

export function isToolConfig(path: string): boolean {
  return /\.config\.m?[jt]s$/.test(path);
}

/** Where nothing waits, nothing looks at a clock and nothing talks to the world. */
export function isPure(path: string): boolean {
  if (isTest(path)) return false;
  return /^packages\/(?:protocol|rules)\/src\//.test(path) || /^packages\/pipeline\/src\/(?:decode|map|plan)\.ts$/.test(path);
}

/** The files in which a process starts. */
export function isEntryPoint(path: string): boolean {
  return ["main.ts", "bin.ts"].includes(nameOf(path)) || /\/bin\/[^/]+\.mjs$/.test(path);
}
