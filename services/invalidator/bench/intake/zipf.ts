import type { Change } from "../workload.ts";

/**
 * So many changes of so many subjects, drawn by Zipf's law with exponent 1: subject k comes up 1/k as often as the first. The same
 * in each run.
 */
export function* zipfChanges(events: number, subjects: number): Generator<Change> {
  const bounds = new Float64Array(subjects);
  let sum = 0;
  for (let at = 0; at < subjects; at++) {
    sum += 1 / (at + 1);
    bounds[at] = sum;
  }
  const changes = new Uint32Array(subjects);
  let state = 0x9e3779b9;
  for (let event = 0; event < events; event++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const id = rankOf(bounds, (state / 2 ** 32) * sum);
    const round = (changes[id] ?? 0) + 1;
    changes[id] = round;
    yield { id, round };
  }
}

/** The first bound that lies above. */
function rankOf(bounds: Float64Array, at: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
