import { importsOf } from "./imports.ts";
import type { Finding, Rule, TextFile, Tree } from "./tree.ts";
import { foundIn, parentOf, textRule } from "./tree.ts";
import { isTest, isTool, workspaceOf } from "./zones.ts";

interface Manifest {
  readonly file: TextFile;
  readonly data: Readonly<Record<string, unknown>>;
}

const licence = "Apache-2.0";
const installScripts = ["preinstall", "install", "postinstall", "prepare"];

/** What every package.json must say, and must not. */
export const manifestFacts: Rule = {
  name: "manifest",
  check: (tree) => {
    const manifests = manifestsOf(tree);
    const common = manifests.find(({ file }) => file.path === "package.json")?.data.version;
    return manifests.flatMap((manifest) => [...factsOf(manifest, common), ...rangesOf(manifest)]);
  },
};

function factsOf({ file, data }: Manifest, common: unknown): readonly Finding[] {
  const engines = data.engines;
  const problems: [boolean, string, string][] = [
    [data.license !== licence, `the licence is not ${licence}`, `Write "license": "${licence}".`],
    [data.type !== "module", "not an ES module", 'Write "type": "module".'],
    [data.version !== common, "the version differs from the root's", "All packages carry one version."],
    [typeof engines !== "object" || engines === null || !("node" in engines), "no Node floor", 'Write "engines": { "node": … }.'],
    ...installScripts.map((name): [boolean, string, string] => [
      name in recordOf(data.scripts),
      `an install script: ${name}`,
      "Do it in scripts/start.mjs; package managers block install scripts.",
    ]),
  ];
  return problems.filter(([isWrong]) => isWrong).map(([, message, fix]) => ({ path: file.path, line: 1, rule: "manifest", message, fix }));
}

function rangesOf({ file, data }: Manifest): readonly Finding[] {
  return [...dependenciesOf(data)].flatMap(([name, range]): readonly Finding[] => {
    if (/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(range)) return [];
    const line = file.text.split("\n").findIndex((text) => text.includes(`"${name}":`)) + 1;
    return [
      {
        path: file.path,
        line,
        rule: "manifest",
        message: `${name} is not an exact version`,
        fix: "Name one version; the lock file does the rest.",
      },
    ];
  });
}

/** What a workspace imports it declares, and what it declares it imports; what is for development alone, its tests may. */
export const declaredImports: Rule = {
  name: "declared-import",
  check: (tree) => manifestsOf(tree).flatMap((manifest) => (workspaceOf(manifest.file.path) === "" ? [] : mismatches(manifest, tree))),
};

function mismatches({ file, data }: Manifest, tree: Tree): readonly Finding[] {
  const declared = dependenciesOf(data);
  const folder = parentOf(file.path);
  const isShipped = (path: string): boolean =>
    path.startsWith(`${folder}/`) && !isTool(path) && (!isTest(path) || folder === "packages/testkit");
  const taken = tree.sources
    .filter((source) => isShipped(source.path))
    .flatMap((source) => importsOf(source).map((found) => ({ path: source.path, line: found.line, name: packageOf(found.from) })));
  const undeclared = taken
    .filter(({ name, path }) => name !== "" && !declared.has(name) && !/\.test\.ts$/.test(path) && name !== "@jest/globals")
    .map(({ path, line, name }) => ({
      path,
      line,
      rule: "declared-import",
      message: `${name} is not in the package.json`,
      fix: `Add it to ${file.path}.`,
    }));
  const inTests = tree.sources.filter(({ path }) => path.startsWith(`${folder}/`) && isTest(path));
  const tested = new Set(inTests.flatMap((source) => importsOf(source).map((found) => packageOf(found.from))));
  const forTests = Object.keys(recordOf(data.devDependencies)).filter((name) => tested.has(name));
  const idle = [...declared.keys()]
    .filter((name) => !taken.some((found) => found.name === name) && !forTests.includes(name))
    .map((name) => ({
      path: file.path,
      line: file.text.split("\n").findIndex((text) => text.includes(`"${name}":`)) + 1,
      rule: "declared-import",
      message: `${name} is declared and never imported`,
      fix: "Remove it from the package.json.",
    }));
  return [...undeclared, ...idle];
}

/** The package of a bare import; `""` for a relative one and for Node's own modules. */
function packageOf(from: string): string {
  if (from.startsWith(".") || from.startsWith("node:") || from === "") return "";
  return from
    .split("/")
    .slice(0, from.startsWith("@") ? 2 : 1)
    .join("/");
}

function dependenciesOf(data: Manifest["data"]): ReadonlyMap<string, string> {
  const lists = ["dependencies", "devDependencies", "optionalDependencies"].map((name) => Object.entries(recordOf(data[name])));
  return new Map(lists.flat().map(([name, range]) => [name, String(range)]));
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function manifestsOf(tree: Tree): readonly Manifest[] {
  return tree.files
    .filter((file) => /(?:^|\/)package\.json$/.test(file.path))
    .map((file) => ({ file, data: recordOf(JSON.parse(file.text)) }));
}

/** Nothing in the tree knows the machine it was written on, or where packages come from. */
const machinePath = /(?<![\w.$}])\/(?:home|Users|root|work)\/[\w.-]+/g;
const registryHost = /(?<![\w.])registry\.(?:[a-z0-9-]+\.)+[a-z]{2,}\b/gi;

export const machineTraces = textRule("machine-trace", ({ path, text }) => [
  ...foundIn(text, machinePath, ([found]) => ({
    message: `the path of a machine: ${found}`,
    fix: "Use a path from the root of the repository.",
  })),
  ...foundIn(text, registryHost, ([found]) => ({
    message: `the host of a registry: ${found}`,
    fix: "Leave it to the configuration of the machine.",
  })),
  ...foundIn(path.endsWith("package-lock.json") ? text : "", /"resolved": "https?:[^"]*"/g, () => ({
    message: "the lock file names a host",
    fix: "Keep omit-lockfile-registry-resolved in .npmrc.",
  })),
]);
