import { type Job, type RunJobOptions, workOnJob } from "@freshet/replay";
import { actorOf } from "../audited.js";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { plain } from "../plain.js";
import type { Tense } from "./counts-text.js";
import { howToGoOn } from "./go-on.js";
import { jobLines } from "./job-text.js";
import { createProgress } from "./progress.js";
import type { Session } from "./session.js";

export interface Work extends Pick<RunJobOptions, "job" | "rules" | "isResolved" | "jobsEnd" | "runner"> {
  readonly flags: Flags;
  readonly json: boolean;
}

/** Works on a job, between two entries of the audit trail, and tells how it ended. */
export async function tellWorkOnJob(
  io: Io,
  deps: Deps,
  { session, work }: { readonly session: Session; readonly work: Work },
): Promise<ExitCode> {
  const { flags, json, ...run } = work;
  const { job } = run;
  const progress = createProgress(io, deps, `replay ${job.id}`);
  let hasEnded = false;
  const onEnd = (last: Job): void => {
    hasEnded = true;
    progress.end();
    if (json) outJson(io, last);
    else for (const line of jobLines(last)) io.out(plain(line));
    if (last.status === "stopped") io.talk(howToGoOn(last, flags));
  };
  const onBegin = (): void => io.talk(`replay ${job.id} runs; Ctrl-C stops it, and it can be resumed`);
  try {
    const options = { ...run, actor: actorOf(deps), stop: deps.stop, onProgress: progress.tell, onBegin, onEnd };
    return exitCodeOfJob(io, await workOnJob(session, options));
  } catch (error) {
    progress.end();
    if (!hasEnded) io.talk(howToGoOn(job, flags));
    throw error;
  }
}

/** Records that still fail, or that nobody may replay, are findings. */
function exitCodeOfJob(io: Io, { status, counts }: Job): ExitCode {
  if (status === "stopped") return exitCodes.interrupted;
  if (status === "aborted") return exitCodes.failed;
  return tellExitCode(io, counts, "did");
}

/** What is left behind, as the last line, where it makes the exit code. */
export function tellExitCode(io: Io, { records: { failing, foreign } }: Job["counts"], tense: Tense): ExitCode {
  if (failing + foreign === 0) return exitCodes.done;
  const parts = [
    ...(failing === 0 ? [] : [`${failing} ${tense === "would" ? "would still fail" : "still failing"}`]),
    ...(foreign === 0 ? [] : [`${foreign} foreign`]),
  ];
  io.talk(`exit code ${exitCodes.findings}: ${parts.join(", ")}`);
  return exitCodes.findings;
}
