import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../config.js";
import { findProgram } from "./find-program.js";
import { lastLines, runProgram } from "./run-program.js";
import type { Say } from "./system-packages.js";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const TIMEOUT_MS = 10 * 60_000;

export interface ForeignPrograms {
  /** Debian's name of a release, e.g. `trixie`. */
  readonly release: string;
  readonly packages: readonly [string, ...string[]];
  /** What of them is wanted, by file name in `/usr/bin`. */
  readonly programs: readonly string[];
}

/**
 * Programs of another release of Debian, unpacked into the user's cache with all the libraries they need and without
 * touching the system: nothing is installed, and no rights are needed. Several processes may ask at once.
 *
 * @returns full paths, in the order of `programs`.
 * @throws Error that says what is missing.
 */
export async function fetchPrograms(wanted: ForeignPrograms, say: Say): Promise<readonly string[]> {
  const folder = join(cacheFolder(), `debian-${wanted.release}-${wanted.packages.join("-")}`);
  const paths = wanted.programs.map((name) => join(folder, "bin", name));
  if (existsSync(folder)) return paths;
  for (const tool of ["apt-get", "dpkg-deb"]) {
    if (findProgram(tool) === null) throw new Error(`there is no ${tool}: this way needs Debian or a relative of it`);
  }
  say(`fetching ${wanted.packages.join(" and ")} of Debian ${wanted.release} (kept in ${cacheFolder()})`);
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    await unpack(work, wanted);
    await writeLaunchers(work, folder, wanted.programs);
    // Complete or not there at all: only a whole folder gets the name.
    await rename(work, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return paths;
}

/** An apt of its own, which knows one release and thinks that nothing is installed: so it fetches the libraries too. */
async function unpack(work: string, { release, packages }: ForeignPrograms): Promise<void> {
  const [lists, cache, root] = [join(work, "apt", "lists"), join(work, "apt", "cache"), join(work, "root")];
  for (const folder of [join(lists, "partial"), join(cache, "archives", "partial"), root]) await mkdir(folder, { recursive: true });
  const sources = join(work, "apt", "sources.list");
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${await mirror()} ${release} main\n`);
  await writeFile(join(work, "apt", "status"), "");
  const settings = {
    "Dir::Etc::SourceList": sources,
    "Dir::Etc::SourceParts": "-",
    "Dir::Etc::PreferencesParts": "-",
    "Dir::State": join(work, "apt"),
    "Dir::State::Lists": lists,
    "Dir::State::status": join(work, "apt", "status"),
    "Dir::Cache": cache,
    "APT::Sandbox::User": "",
    "APT::Install-Recommends": "false",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await mustRun(["apt-get", "-q", ...options, "update"]);
  await mustRun(["apt-get", "-q", ...options, "install", "-y", "--download-only", ...packages]);
  const archives = join(cache, "archives");
  for (const file of (await readdir(archives)).filter((name) => name.endsWith(".deb"))) {
    await mustRun(["dpkg-deb", "-x", join(archives, file), root]);
  }
  await rm(join(work, "apt"), { recursive: true, force: true });
}

/** Where this system itself takes Debian's packages from. */
async function mirror(): Promise<string> {
  const { output } = await runProgram(
    ["apt-get", "indextargets", "--no-release-info", "--format", "$(SITE)", "Identifier: Packages", "Component: main"],
    { timeoutMs: TIMEOUT_MS },
  );
  const site = output.split("\n").find((line) => /^https?:\/\/\S+\/debian\/?$/.test(line));
  if (site === undefined) throw new Error("apt knows no mirror of Debian: run apt-get update");
  return site;
}

/** A program runs by the loader and the libraries of its own release. `exec` keeps the process: its pid is the server's. */
async function writeLaunchers(work: string, folder: string, programs: readonly string[]): Promise<void> {
  const libraries = (await readdir(join(work, "root", "usr", "lib"))).filter((name) => name.endsWith("-linux-gnu"));
  const [triplet = ""] = libraries;
  const own = join("root", "usr", "lib", triplet);
  const loader = (await readdir(join(work, own))).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (loader === undefined) throw new Error("the packages bring no loader for this machine");
  await mkdir(join(work, "bin"));
  for (const name of programs) {
    const program = join(folder, "root", "usr", "bin", name);
    const line = `exec "${join(folder, own, loader)}" --library-path "${join(folder, own)}" "${program}" "$@"`;
    await writeFile(join(work, "bin", name), `#!/bin/sh\n${line}\n`);
    await chmod(join(work, "bin", name), 0o755);
  }
}

async function mustRun(command: readonly [string, ...string[]]): Promise<void> {
  const { code, output } = await runProgram(command, { timeoutMs: TIMEOUT_MS });
  if (code !== 0) throw new Error(`${command[0]} failed:\n${lastLines(output, 5)}`);
}
