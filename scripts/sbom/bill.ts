/** What a package-lock.json (version 3) says of one package. */
interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  readonly lockfileVersion: unknown;
  readonly packages: Readonly<Record<string, Locked>>;
}

/** One component of CycloneDX 1.5, as far as a lock file knows it. */
export interface Component {
  readonly type: "application" | "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly scope?: "required" | "optional";
  readonly purl: string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

/** A bill of materials: CycloneDX 1.5. The same lock file gives the same text: no time, no serial number. */
export interface Bill {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.5";
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * What is installed for `workspaces` (folders of the lock file) when development dependencies are left out, and who needs what.
 *
 * `npm sbom --omit dev` is not used: it leaves out packages that a development dependency needs as well.
 */
export function billOf(lock: Lock, workspaces: readonly string[]): Bill {
  if (lock.lockfileVersion !== 3) throw new Error(`package-lock.json is of format ${String(lock.lockfileVersion)}; this reads 3`);
  const needs = new Map<string, readonly string[]>();
  const left = [...workspaces];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (needs.has(path)) continue;
    const found = neededBy(lock, path);
    needs.set(path, found);
    left.push(...found);
  }
  const refOf = (path: string) => component(lock, path)["bom-ref"];
  const root = component(lock, "");
  const paths = [...needs.keys()].sort();
  const edges = [["", workspaces] as const, ...paths.map((path) => [path, needs.get(path) ?? []] as const)];
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: root },
    components: paths.map((path) => component(lock, path)),
    dependencies: edges.map(([path, on]) => ({ ref: refOf(path), dependsOn: on.map(refOf).sort() })),
  };
}

/** Folders of the packages that the one in `path` needs when it runs, found as Node finds them. Optional peers only where they are. */
function neededBy(lock: Lock, path: string): readonly string[] {
  const { dependencies, optionalDependencies, peerDependencies } = lockedAt(lock, path);
  const certain = Object.keys(dependencies ?? {}).filter((name) => !(name in (optionalDependencies ?? {})));
  const perhaps = Object.keys({ ...optionalDependencies, ...peerDependencies });
  return [
    ...certain.map((name) => {
      const found = resolve(lock, path, name);
      if (found === null) throw new Error(`${path} needs ${name}, which package-lock.json does not have`);
      return found;
    }),
    ...perhaps.flatMap((name) => resolve(lock, path, name) ?? []),
  ];
}

function resolve(lock: Lock, from: string, name: string): string | null {
  for (let folder = from; ; folder = folder.replace(/(?:^|\/)[^/]+$/, "")) {
    const path = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    const found = lock.packages[path];
    if (found !== undefined) return found.link === true ? (found.resolved ?? path) : path;
    if (folder === "") return null;
  }
}

function component(lock: Lock, path: string): Component {
  const { name = path.replace(/^.*node_modules\//, ""), version = "", license, integrity, optional } = lockedAt(lock, path);
  const ref = path === "" || !path.startsWith("node_modules/") || isTop(path) ? `${name}@${version}` : `${name}@${version}|${path}`;
  return {
    type: path === "" ? "application" : "library",
    "bom-ref": ref,
    name,
    version,
    ...(path === "" ? {} : { scope: optional === true ? ("optional" as const) : ("required" as const) }),
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    ...(license === undefined ? {} : { licenses: [licenceOf(license)] }),
    ...(integrity === undefined ? {} : { hashes: [hashOf(integrity)] }),
  };
}

/** Not inside of another package. */
function isTop(path: string): boolean {
  return path.lastIndexOf("node_modules/") === 0;
}

/** One SPDX name, or an expression of several. */
function licenceOf(license: string): object {
  return /^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license };
}

function hashOf(integrity: string): { readonly alg: string; readonly content: string } {
  const [algorithm = "", digest = ""] = integrity.split("-", 2);
  return { alg: algorithm.toUpperCase().replace("SHA", "SHA-"), content: Buffer.from(digest, "base64").toString("hex") };
}

function lockedAt(lock: Lock, path: string): Locked {
  const found = lock.packages[path];
  if (found === undefined) throw new Error(`package-lock.json has no ${path}`);
  return found;
}
