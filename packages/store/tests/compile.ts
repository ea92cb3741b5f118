import { stripTypeScriptTypes } from "node:module";

/** What a module gives, compiled from an edited text: types stripped, what it imports given as arguments. */
export function compileModule(text: string, names: readonly string[], given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const body = stripTypeScriptTypes(text)
    .replace(/^import [^;]*;$/gm, "")
    .replace(/^export \{[^;]*;$/gm, "")
    .replace(/^export /gm, "");
  return new Function(...Object.keys(given), `${body}; return { ${names.join(", ")} };`)(...Object.values(given));
}
