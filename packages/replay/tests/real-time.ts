import { setTimeout as pause } from "node:timers/promises";

/** For what beats beside the work of a job, and cannot stand still with a clock. */
export const realTime = {
  clock: { nowMs: () => Date.now() },
  pause: (ms: number, stop: AbortSignal): Promise<void> => pause(Math.min(ms, 20), undefined, { signal: stop }).catch(() => {}),
};

/** Does something again and again, as whoever works on a job does, until the answer is called. */
export function again(everyMs: number, work: () => Promise<void>): () => void {
  const over = new AbortController();
  const beat = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await work();
      await realTime.pause(everyMs, over.signal);
    }
  };
  beat().catch(() => over.abort()); // the test that it beats beside sees what is missing
  return () => over.abort();
}
