import type { Command } from "commander";
import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import type { Io } from "../io.js";

/** What a command is handed; `O` are its own options. */
type Run<O> = (io: Io, deps: Deps, options: O) => Promise<ExitCode>;

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

/** Hands the parsed options to a command. One that ends by itself is left where it is at Ctrl-C or SIGTERM. */
export function act<O>(command: Command, wiring: Wiring, run: Run<O>, options: (args: readonly string[]) => O): void {
  const { io, deps, ended } = wiring;
  command.action(async () => ended(await Promise.race([run(io, deps, options(command.args)), interrupted(deps.stop)])));
}

/** The same for a command that goes on until it is told to stop, and then finishes its work. */
export function actUntilStopped<O>(command: Command, wiring: Wiring, run: Run<O>, options: () => O): void {
  const { io, deps, ended } = wiring;
  command.action(async () => ended(await run(io, deps, options())));
}

function interrupted(stop: AbortSignal): Promise<ExitCode> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve(exitCodes.interrupted);
    stop.addEventListener("abort", () => resolve(exitCodes.interrupted), { once: true });
  });
}
