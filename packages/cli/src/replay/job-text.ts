import type { Job } from "@freshet/replay";
import { COLUMNS, wrap } from "../commands/dlq-text.js";
import { countLines, row } from "./counts-text.js";
import { selectionText } from "./plan-text.js";

/** One job, told whole. */
export function jobLines(job: Job): readonly string[] {
  const { id, status, selection, counts, by, because, createdAt, updatedAt, endedAt, runs, runner, error } = job;
  const lines = [
    row("job", `${id} ${status}: ${selectionText(selection)}`),
    row("by", `${by.user} on ${by.host}${because === "" ? "" : `: ${because}`}`),
    row("began", `${createdAt}${endedAt === null ? `, last heard of ${updatedAt}` : `, ended ${endedAt}`}`),
    row("read", `${percentOf(job)} % of the offsets, in ${runs} ${runs === 1 ? "run" : "runs"}`),
    ...(runner === null ? [] : [row("runs on", `${runner.host}, process ${runner.pid}`)]),
    ...(error === null ? [] : [row("stopped", `by ${error}`)]),
  ];
  return [...lines.flatMap((line) => wrap(line, row("", ""))), ...countLines(counts, "did")];
}

/** One job on one line, or two where it is long. */
export function jobLine(job: Job): readonly string[] {
  const { id, status, selection, counts, createdAt, by } = job;
  const what = selection.kind === "dlq" ? "dlq" : selection.topic;
  const share = `${percentOf(job)} %`.padStart(5);
  const did = `${counts.records.chosen} records, ${counts.keys.removed} removed`;
  const head = `${id.padEnd(8)} ${status.padEnd(7)} ${share}  ${createdAt.slice(0, 16)}Z ${by.user}`;
  const line = `${head}  ${what}: ${did}`;
  return line.length <= COLUMNS ? [line] : [head, ...wrap(row("", `${what}: ${did}`), row("", ""))];
}

function percentOf({ total, left }: Pick<Job, "total" | "left">): number {
  const open = left.flat().reduce((sum, { from, to }) => sum + to - from, 0);
  return total === 0 ? 100 : Math.floor(((total - open) / total) * 100);
}
