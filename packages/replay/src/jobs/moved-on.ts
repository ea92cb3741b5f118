import type { ReplaySlice, Stretch } from "../run/read-slices.js";

/** What is left once this slice has ended. Stretches are read one after the other, so it belongs to the first that has its range. */
export function movedOn(left: readonly Stretch[], slice: Pick<ReplaySlice, "partition" | "next">): Stretch[] {
  const holds = ({ partition, from, to }: Stretch[number]) => partition === slice.partition && from < slice.next && slice.next <= to;
  const at = left.findIndex((stretch) => stretch.some(holds));
  return left
    .map((stretch, index) => (index === at ? stretch.map((range) => (holds(range) ? { ...range, from: slice.next } : range)) : stretch))
    .filter((stretch) => stretch.some(({ from, to }) => from < to));
}
