import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { systemEnvironment } from "../config.js";
import { findProgram } from "./find-program.js";
import { lastLines, runProgram } from "./run-program.js";

/** Tells whoever waits what takes so long. */
export type Say = (line: string) => void;

const APT_TIMEOUT_MS = 10 * 60_000;
const POLICY_FILE = "/usr/sbin/policy-rc.d";

/**
 * Installs packages of the system, on Debian and its relatives as root; services they bring are not started.
 *
 * @throws Error that says what to install by hand, where this is not possible.
 */
export async function installPackages(packages: readonly [string, ...string[]], say: Say): Promise<void> {
  const names = packages.join(" ");
  const isDebian = existsSync("/etc/debian_version") && findProgram("apt-get") !== null;
  if (!isDebian) throw new Error(`install it with your system's package manager (Debian's name: ${names})`);
  if (process.getuid?.() !== 0) throw new Error(`install it: sudo apt-get install ${names}`);
  say(`installing ${names} (apt-get)`);
  const unlock = await keepServicesDown();
  try {
    await aptGet(packages);
  } finally {
    await unlock();
  }
}

async function aptGet(packages: readonly string[]): Promise<void> {
  const apt = (...args: string[]) =>
    runProgram(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", ...args], {
      timeoutMs: APT_TIMEOUT_MS,
      env: { ...systemEnvironment(), DEBIAN_FRONTEND: "noninteractive" },
    });
  const install = () => apt("install", "-y", "--no-install-recommends", ...packages);
  if ((await install()).code === 0) return;
  await apt("update"); // package lists may be missing or old
  const second = await install();
  if (second.code !== 0) throw new Error(`apt-get install ${packages.join(" ")} failed:\n${lastLines(second.output, 5)}`);
}

/** Debian starts a service when its package is installed, unless this policy says no. A policy that exists is left alone. */
async function keepServicesDown(): Promise<() => Promise<void>> {
  const written = await writeFile(POLICY_FILE, "#!/bin/sh\nexit 101\n", { mode: 0o755, flag: "wx" }).then(
    () => true,
    () => false,
  );
  return async () => {
    if (written) await rm(POLICY_FILE, { force: true });
  };
}
