import type { Command } from "commander";
import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import type { Io } from "../io.js";

export interface Wiring {
  readonly io: Io;
  readonly deps: Deps;
  /** Takes the exit code of the command that ran. */
  readonly ended: (code: ExitCode) => void;
}

/** Two real examples before anything else of the help. */
export function examples(command: Command, lines: readonly [string, string]): void {
  command.addHelpText("before", `Examples:\n${lines.map((line) => `  ${line}`).join("\n")}\n`);
  command.helpOption("-h, --help", "show this help").helpCommand(false);
}

/** What a command line becomes: a command with its parsed options in it. */
type Run = (io: Io, deps: Deps) => Promise<ExitCode>;

/** Lets a command run. One that ends by itself is left where it is at Ctrl-C or SIGTERM. */
export function act(command: Command, { io, deps, ended }: Wiring, run: Run): void {
  command.action(async () => ended(await Promise.race([run(io, deps), interrupted(deps.stop)])));
}

/** The same for a command that goes on until it is told to stop, and then finishes its work. */
export function actUntilStopped(command: Command, { io, deps, ended }: Wiring, run: Run): void {
  command.action(async () => ended(await run(io, deps)));
}

function interrupted(stop: AbortSignal): Promise<ExitCode> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve(exitCodes.interrupted);
    stop.addEventListener("abort", () => resolve(exitCodes.interrupted), { once: true });
  });
}
