import type { LogReading } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { offsetsIn } from "../select/stretches.js";
import type { Job } from "./job.js";

/**
 * How many of the offsets that a job has still to read are no longer there: retention took them since it was planned.
 *
 * @throws FreshetError FR3002 (`halt`) when the topic ends before them: it is another one by now.
 */
export async function offsetsGone(
  kafka: Pick<LogReading, "offsets">,
  { left, selection }: Pick<Job, "left" | "selection">,
): Promise<number> {
  const { topic } = selection;
  const known = new Map((await kafka.offsets([topic])).map((at) => [at.partition, at]));
  const isBehind = left.flat().some(({ partition, from, to }) => from < to && (known.get(partition)?.latest ?? 0) < to);
  if (isBehind) {
    const fix = "The topic was made anew, or its end was lost with a broker: plan a new replay of what it holds now.";
    throw new FreshetError("FR3002", "halt", `${topic} ends before what the job has still to read`, fix);
  }
  const there = left.map((stretch) =>
    stretch.map((range) => ({ ...range, from: beginOf(range, known.get(range.partition)?.earliest ?? 0) })),
  );
  return offsetsIn(left) - offsetsIn(there);
}

function beginOf({ from, to }: { readonly from: number; readonly to: number }, earliest: number): number {
  return Math.min(to, Math.max(from, earliest));
}
