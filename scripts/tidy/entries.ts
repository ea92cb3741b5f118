import type { Tree } from "./tree.ts";
import { parentOf } from "./tree.ts";

/** The files something outside the code starts or loads: package exports, binaries, scripts of package.json, Dockerfiles. */
export function entryPaths(tree: Tree): ReadonlySet<string> {
  const manifests = tree.files.filter((file) => file.path.endsWith("package.json"));
  const others = tree.files.filter((file) => /(?:^|\/)(?:Dockerfile|run|docker-compose\.yml)$/.test(file.path));
  const found = new Set<string>();
  for (const file of [...manifests, ...others]) {
    const folder = parentOf(file.path);
    for (const [named] of file.text.matchAll(/[\w./-]+\.(?:m?js|ts)\b/g)) {
      for (const path of meanings(named.replace(/^\.\//, ""), folder)) found.add(path);
    }
  }
  return found;
}

function meanings(named: string, folder: string): readonly string[] {
  const source = named.replace(/(^|\/)dist\//, "$1src/").replace(/\.js$/, ".ts");
  return [named, source].flatMap((path) => [path, folder === "" ? path : `${folder}/${path}`]);
}
