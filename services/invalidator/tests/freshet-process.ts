import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { plainEnvironment } from "./config.js";

/** A `freshet` command as its own process. */
export interface FreshetProcess {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly ended: Promise<FreshetEnd>;
}

export interface FreshetEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const BIN = join(import.meta.dirname, "..", "..", "..", "packages", "cli", "dist", "bin.js");

/** Starts the compiled command, so that a signal reaches the process that works and no launcher before it. */
export function startFreshet(argv: readonly string[], env: Readonly<Record<string, string>>): FreshetProcess {
  const child = spawn(process.execPath, [BIN, ...argv], { env: { ...plainEnvironment(), ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...texts }));
  return { child, stderr: () => texts.stderr, ended };
}
