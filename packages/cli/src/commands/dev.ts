import { createMemoryPorts, runDemo, type Telling, tellingLines } from "@freshet/example-shop";
import { readOnly } from "@freshet/store";
import { breaksBusts } from "../config.js";
import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";

export interface DevOptions {
  readonly once: boolean;
  readonly json: boolean;
}

/** The demo. Ends as failed when a promise it showed was not observed to hold. */
export async function dev(io: Io, deps: Deps, options: DevOptions): Promise<ExitCode> {
  const wrapStore = breaksBusts(deps.env) ? { wrapStore: readOnly } : {};
  const ports = await createMemoryPorts({ clock: deps.clock, ...wrapStore });
  const tell = (telling: Telling) => {
    if (options.json) outJson(io, telling);
    else for (const line of tellingLines(telling, marker(io.colour))) io.out(line);
  };
  const stop = AbortSignal.any([deps.stop, io.unread]);
  const held = await runDemo({ ports, tell, once: options.once, stop, pause: deps.pause });
  return held ? exitCodes.done : exitCodes.failed;
}

function marker(colour: boolean): (word: string, held: boolean) => string {
  return (word, held) => (colour ? `\u001b[${held ? 32 : 31}m${word}\u001b[0m` : word);
}
