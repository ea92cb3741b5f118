import { abortJob } from "@freshet/replay";
import { actorOf } from "../audited.js";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { plain } from "../plain.js";
import { jobLines } from "../replay/job-text.js";
import { readBecause } from "../replay/read-options.js";
import { pause, withKafka } from "../replay/session.js";

export interface ReplayAbortOptions {
  readonly flags: Flags;
  readonly id: string;
  readonly because?: string;
  readonly json: boolean;
}

/** Ends a job for good, wherever it runs. What it busted stays busted. */
export async function replayAbort(io: Io, deps: Deps, options: ReplayAbortOptions): Promise<ExitCode> {
  const { flags, id, json } = options;
  const because = readBecause(options.because);
  const deployment = deps.deploymentOf(deps.readConfig(flags));
  const { clock, newId, stop } = deps;
  const known = { deployment: deployment.name, id, because, clock, pause, stop, onWait: (what: string) => io.talk(plain(what)) };
  const last = await withKafka(deployment, deps, (kafka) =>
    abortJob(kafka, {
      ...known,
      token: newId(),
      actor: actorOf(deps),
      onEnd: (job) => {
        if (json) outJson(io, job);
        else for (const line of jobLines(job)) io.out(plain(line));
      },
    }),
  );
  if (last !== null) return exitCodes.done;
  io.talk("stopped before the job had ended; abort it again");
  return exitCodes.interrupted;
}
