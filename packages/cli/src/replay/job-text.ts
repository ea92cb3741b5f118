import type { Job } from "@freshet/replay";
import { countLines, row } from "./counts-text.js";
import { selectionText } from "./plan-text.js";

/** One job, told whole. */
export function jobLines(job: Job): readonly string[] {
  const { id, status, selection, counts, by, because, createdAt, updatedAt, endedAt, runs, runner, error, exactRuns } = withRuns(job);
  return [
    row("job", `${id} ${status}: ${selectionText(selection)}`),
    row("by", `${by.user} on ${by.host}${because === "" ? "" : `: ${because}`}`),
    row("began", `${createdAt}${endedAt === null ? `, last heard of ${updatedAt}` : `, ended ${endedAt}`}`),
    row("read", `${percentOf(job)} % of the offsets, in ${runs} ${runs === 1 ? "run" : "runs"}`),
    ...(runner === null ? [] : [row("runs on", `${runner.host}, process ${runner.pid}`)]),
    ...(error === null ? [] : [row("stopped", `by ${error}`)]),
    ...countLines(counts, "did"),
    ...(exactRuns ? [] : [row("", "keys that two runs touched count in both")]),
  ];
}

function withRuns(job: Job): Job & { readonly exactRuns: boolean } {
  return { ...job, exactRuns: job.runs < 2 };
}

/** One job on one line. */
export function jobLine(job: Job): string {
  const { id, status, selection, counts, createdAt, by } = job;
  const what = selection.kind === "dlq" ? "dlq" : selection.topic;
  const share = `${percentOf(job)} %`.padStart(5);
  const did = `${counts.records.chosen} records, ${counts.keys.removed} removed`;
  return `${id.padEnd(8)} ${status.padEnd(7)} ${share}  ${createdAt.slice(0, 16)}Z ${by.user}  ${what}: ${did}`;
}

function percentOf({ total, left }: Pick<Job, "total" | "left">): number {
  const open = left.flat().reduce((sum, { from, to }) => sum + to - from, 0);
  return total === 0 ? 100 : Math.floor(((total - open) / total) * 100);
}
