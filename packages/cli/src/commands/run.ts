import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import type { Io } from "../io.js";

export interface RunOptions {
  readonly flags: Flags;
}

/** The invalidator in the foreground, until it is stopped. Its log lines are JSON and go to stdout. */
export async function run(io: Io, deps: Deps, options: RunOptions): Promise<ExitCode> {
  const code = await deps.runService({ config: () => deps.readConfig(options.flags), stop: deps.stop, talk: io.talk });
  if (code === exitCodes.done) return exitCodes.done;
  return code === exitCodes.usage ? exitCodes.usage : exitCodes.failed;
}
