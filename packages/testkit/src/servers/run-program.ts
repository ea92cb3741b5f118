import { execFile } from "node:child_process";

export interface ProgramRun {
  readonly code: number;
  /** stdout and stderr. */
  readonly output: string;
}

export interface ProgramOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs a program to its end. A program that cannot be started, or takes too long, has code -1. */
export function runProgram(command: readonly [string, ...string[]], options: ProgramOptions): Promise<ProgramRun> {
  const [program, ...args] = command;
  const { timeoutMs, ...rest } = options;
  return new Promise((resolve) => {
    const settings = { ...rest, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024, killSignal: "SIGKILL" as const };
    execFile(program, args, settings, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (error === null) resolve({ code: 0, output });
      else if (typeof error.code === "number") resolve({ code: error.code, output });
      else resolve({ code: -1, output: `${output}${error.message}` });
    });
  });
}

/** The last lines of an output, for a message. */
export function lastLines(output: string, count: number): string {
  return output.trim().split("\n").slice(-count).join("\n");
}
