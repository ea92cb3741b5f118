import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { transformSync } from "@swc/core";

/** The shipped steps: what a model runs instead of a second description of the protocol. */
export type Steps = typeof import("../src/decide.js") &
  Pick<typeof import("../src/decide-fill.js"), "readable"> &
  Pick<typeof import("../src/floors.js"), "meetsFloors"> &
  Pick<typeof import("../src/entry-state.js"), "noEntry"> &
  Pick<typeof import("../src/decide-tag.js"), "noTag"> &
  Pick<typeof import("../src/version.js"), "parseVersion">;

/** One place of a shipped file, changed. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * The steps as they are shipped, or with edits: the text of `src` is changed and compiled anew. An edit that does not apply
 * exactly once would prove nothing, so it throws.
 */
export function loadSteps(edits: readonly Edit[] = []): Steps {
  const loaded = new Map<string, Record<string, unknown>>();
  const load = (file: string): Record<string, unknown> => {
    const known = loaded.get(file);
    if (known !== undefined) return known;
    const exported: Record<string, unknown> = {};
    loaded.set(file, exported);
    compileFunction(compile(textOf(file, edits)), ["exports", "require"])(exported, (path: string) =>
      load(path.replace("./", "").replace(/\.js$/, ".ts")),
    );
    return exported;
  };
  const unknown = edits.find(({ file }) => !files.includes(file));
  if (unknown !== undefined) throw new Error(`no step is in ${unknown.file}`);
  return Object.assign({}, ...files.map(load)) as Steps;
}

const files = ["decide.ts", "decide-fill.ts", "decide-tag.ts", "decide-epoch.ts", "floors.ts", "entry-state.ts", "limits.ts", "version.ts"];

function textOf(file: string, edits: readonly Edit[]): string {
  let text = readFileSync(join(import.meta.dirname, "../src", file), "utf8");
  for (const { from, to } of edits.filter((edit) => edit.file === file)) {
    const parts = text.split(from);
    if (parts.length !== 2) throw new Error(`the edit does not apply: ${JSON.stringify(from)} is ${parts.length - 1} times in ${file}`);
    text = parts.join(to);
  }
  return text;
}

const compiled = new Map<string, string>();

function compile(text: string): string {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const { code } = transformSync(text, { jsc: { parser: { syntax: "typescript" }, target: "es2024" }, module: { type: "commonjs" } });
  compiled.set(text, code);
  return code;
}
