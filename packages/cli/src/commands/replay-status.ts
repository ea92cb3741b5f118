import { FreshetError } from "@freshet/protocol";
import { groupOfJob, readJobs } from "@freshet/replay";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { plain } from "../plain.js";
import { howToGoOn } from "../replay/go-on.js";
import { jobLine, jobLines } from "../replay/job-text.js";
import { duration } from "../replay/progress.js";
import { withKafka } from "../replay/session.js";

/** A job that runs writes every few seconds; clocks of two machines differ by less. */
const SILENT_MS = 30_000;

export interface ReplayStatusOptions {
  readonly flags: Flags;
  /** One job; without it all, the newest first. */
  readonly id?: string;
  readonly json: boolean;
}

/** Shows jobs as they last wrote themselves down. */
export async function replayStatus(io: Io, deps: Deps, { flags, id, json }: ReplayStatusOptions): Promise<ExitCode> {
  const { name, ...deployment } = deps.deploymentOf(deps.readConfig(flags));
  const group = groupOfJob(name, `status-${deps.newId().slice(0, 8)}`);
  const jobs = await withKafka({ name, ...deployment }, deps, (kafka) => readJobs(kafka, { deployment: name, group, stop: deps.stop }));
  if (id === undefined) {
    if (json) for (const job of jobs) outJson(io, job);
    else for (const line of jobs.flatMap(jobLine)) io.out(plain(line));
    if (jobs.length === 0) io.talk(`deployment ${name} has no replay jobs`);
    return exitCodes.done;
  }
  const job = jobs.find((candidate) => candidate.id === id);
  if (job === undefined)
    throw new FreshetError("FR1001", "usage", `there is no replay job ${id}`, "See freshet replay status for those that there are.");
  if (json) outJson(io, job);
  else for (const line of jobLines(job)) io.out(plain(line));
  if (job.status === "stopped") io.talk(howToGoOn(job, flags));
  const silentMs = deps.clock.nowMs() - Date.parse(job.updatedAt);
  if (job.status === "running" && silentMs > SILENT_MS) {
    io.talk(`it has written nothing for ${duration(silentMs)}; if its process died, ${howToGoOn(job, flags)}`);
  }
  return exitCodes.done;
}
