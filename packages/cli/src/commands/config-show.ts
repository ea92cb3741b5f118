import { describeConfig } from "@freshet/invalidator";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";

export interface ConfigShowOptions {
  readonly flags: Flags;
  readonly json: boolean;
}

/** The effective configuration: each value, where it comes from, and no secret. */
export async function configShow(io: Io, deps: Deps, { flags, json }: ConfigShowOptions): Promise<ExitCode> {
  const lines = describeConfig(deps.readConfig(flags));
  if (json) {
    outJson(io, { settings: lines });
    return exitCodes.done;
  }
  const width = Math.max(...lines.map((line) => line.variable.length));
  for (const { variable, value, origin } of lines) io.out(`${variable.padEnd(width)}  ${value === "" ? "-" : value}  (${origin})`);
  return exitCodes.done;
}
