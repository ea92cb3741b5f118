import { readdirSync } from "node:fs";
import { join } from "node:path";
import { javaHome } from "../config.js";
import { findProgram, isExecutable } from "./find-program.js";
import { runProgram } from "./run-program.js";
import { installPackages, type Say } from "./system-packages.js";

const JAVA_MIN = 17;
const SYSTEM_JAVAS = "/usr/lib/jvm";

/**
 * The path of a Java that runs Kafka: `JAVA_HOME`, the PATH, the system's other ones, or else its packages.
 *
 * @throws Error that says what to install.
 */
export async function ensureJava(say: Say): Promise<string> {
  const found = await findJava();
  if (found !== null) return found;
  await installPackages(["default-jre-headless"], say).catch((error: Error) => {
    throw new Error(`there is no Java ${JAVA_MIN} or newer; ${error.message}`);
  });
  const installed = await findJava();
  if (installed === null) throw new Error(`the system's default Java is older than ${JAVA_MIN}: install a newer one and set JAVA_HOME`);
  return installed;
}

async function findJava(): Promise<string | null> {
  for (const candidate of candidates()) {
    if ((await versionOf(candidate)) >= JAVA_MIN) return candidate;
  }
  return null;
}

function candidates(): string[] {
  const home = javaHome();
  const first = [home === undefined ? null : join(home, "bin", "java"), findProgram("java")];
  return [...first, ...systemJavas()].filter((path) => path !== null).filter(isExecutable);
}

function systemJavas(): string[] {
  try {
    return readdirSync(SYSTEM_JAVAS).map((folder) => join(SYSTEM_JAVAS, folder, "bin", "java"));
  } catch {
    return [];
  }
}

/** The feature release, e.g. 17; 0 when it does not say. Old ones call themselves 1.8. */
async function versionOf(java: string): Promise<number> {
  const { output } = await runProgram([java, "-version"], { timeoutMs: 20_000 });
  const [, major = "0", minor = "0"] = /version "(\d+)(?:\.(\d+))?/.exec(output) ?? [];
  return Number(major === "1" ? minor : major);
}
