import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Tree, treeOf } from "./tree.ts";

const skipped = new Set(["node_modules", "dist", ".git", ".turbo", "coverage", "bench-results"]);
const readable = /(?:\.(?:ts|mts|mjs|js|lua|md|json|ya?ml|sh|acl)|\/(?:Dockerfile|run)|\.npmrc)$/;

/** The working tree below a folder, without what tools make. */
export function readTree(root: string): Tree {
  const paths = pathsBelow(root, "");
  const files = paths.filter((path) => readable.test(path)).map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
  return treeOf(files, paths);
}

function pathsBelow(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : pathsBelow(root, path);
    return entry.isFile() ? [path] : [];
  });
}
