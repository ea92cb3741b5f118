import { asFreshetError, FreshetError, type FreshetError as Problem } from "@freshet/protocol";
import { type AuditEntry, ended, type Job, type RunJobOptions, runJob, started, writeAudit } from "@freshet/replay";
import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { auditCounts, auditIntention } from "./audit-of-job.js";
import type { Tense } from "./counts-text.js";
import { jobLines } from "./job-text.js";
import { createProgress } from "./progress.js";
import type { Session } from "./session.js";

export interface Work extends Pick<RunJobOptions, "job" | "rules" | "isResolved" | "jobsEnd" | "runner"> {
  readonly json: boolean;
}

/** Works on a job between two entries of the audit trail, and tells how it ended. */
export async function workOnJob(
  io: Io,
  deps: Deps,
  { session, work }: { readonly session: Session; readonly work: Work },
): Promise<ExitCode> {
  const { job } = work;
  const begun = started(auditIntention(job, deps), deps.clock.nowMs());
  await writeAudit(session.kafka, begun).catch((error: unknown) => {
    throw retold(asFreshetError(error), "nothing was done, as the audit trail cannot be written");
  });
  const progress = createProgress(io, deps, `replay ${job.id}`);
  io.talk(`replay ${job.id} runs; Ctrl-C stops it, and it can be resumed`);
  let last = job;
  const onLast = (state: Job): void => {
    last = state;
  };
  try {
    last = await runJob(session, { ...work, stop: deps.stop, onProgress: progress.tell, onLast });
  } catch (error) {
    progress.end();
    io.talk(howToGoOn(job));
    const end = {
      outcome: "failed",
      counts: auditCounts(last, job),
      error: asFreshetError(error).code,
      nowMs: deps.clock.nowMs(),
    } as const;
    await writeAudit(session.kafka, ended(begun, end)).catch(() => {}); // what went wrong first is what is told
    throw error;
  }
  progress.end();
  if (work.json) outJson(io, last);
  else for (const line of jobLines(last)) io.out(line);
  if (last.status === "stopped") io.talk(howToGoOn(last));
  await audit(session, begun, { last, before: job, deps });
  return exitCodeOfJob(io, last);
}

async function audit(session: Session, begun: AuditEntry, { last, before, deps }: { last: Job; before: Job; deps: Deps }): Promise<void> {
  const outcome = last.status === "done" || last.status === "aborted" ? last.status : "interrupted";
  const end = ended(begun, { outcome, counts: auditCounts(last, before), nowMs: deps.clock.nowMs() });
  await writeAudit(session.kafka, end).catch((error: unknown) => {
    throw retold(asFreshetError(error), "it is done, but its outcome is missing in the audit trail");
  });
}

function retold({ code, disposition, message, fix }: Problem, what: string): FreshetError {
  return new FreshetError(code, disposition, `${what}: ${message}`, fix);
}

export function howToGoOn({ id, deployment }: Pick<Job, "id" | "deployment">): string {
  const flag = deployment === "default" ? "" : ` --deployment ${deployment}`;
  return `it can go on where it was: freshet replay resume ${id}${flag}`;
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
