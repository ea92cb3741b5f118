import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { environmentWithout } from "./config.js";

/** The repository, so that examples of the help work as they stand. */
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const LAUNCHER = fileURLToPath(new URL("../bin/freshet.mjs", import.meta.url));

/** A `freshet` process that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A `freshet` process that is running. */
export interface Running {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
}

/** Starts `freshet` with these arguments; `FRESHET_` variables of this process are not passed on. */
export function startFreshet(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return start([process.execPath, LAUNCHER, ...argv], env);
}

/** The same in the background of a shell, as `npx freshet` has it. */
export function startByNpx(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return start(["sh", "-c", '"$0" "$@" & wait', process.execPath, LAUNCHER, ...argv], { ...env, npm_command: "exec" });
}

function start([file = "", ...args]: readonly string[], env: Readonly<Record<string, string>>): Running {
  const startedMs = performance.now();
  const options = {
    cwd: ROOT,
    env: { ...environmentWithout("FRESHET_"), ...env },
    stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
  };
  const child = spawn(file, args, options);
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...texts, ms: performance.now() - startedMs }));
  return { child, stdout: () => texts.stdout, stderr: () => texts.stderr, ended };
}

/** Runs `freshet` to its end. */
export function freshet(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startFreshet(argv, env).ended;
}
