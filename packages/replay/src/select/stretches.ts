import type { OffsetRange } from "@freshet/kafka/port";
import type { Stretch } from "../run/read-slices.js";

/** The ranges cut from their ends on, the last pieces first. */
export function newestFirst(ranges: readonly OffsetRange[], offsetsMax: number): readonly Stretch[] {
  const stretches: OffsetRange[][] = [];
  for (const range of ranges) {
    for (let at = 0, to = range.to; to > range.from; at++, to -= offsetsMax) {
      stretches[at] = [...(stretches[at] ?? []), { ...range, from: Math.max(range.from, to - offsetsMax), to }];
    }
  }
  return stretches;
}

/** How many offsets are left: more than there are records where the log has gaps. */
export function offsetsIn(stretches: readonly Stretch[]): number {
  return stretches.flat().reduce((sum, { from, to }) => sum + to - from, 0);
}
