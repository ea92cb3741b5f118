/** A clock that stands still until it is told to go on. */
export interface ManualClock {
  nowMs(): number;
  /** Ends when the clock has gone on by so much. */
  sleep(ms: number): Promise<void>;
  /** Goes on, and wakes who is due on the way, in order. */
  advance(ms: number): Promise<void>;
}

/** @param startMs milliseconds since 1970 */
export function createClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = startMs;
  const sleepers: { readonly dueMs: number; readonly wake: () => void }[] = [];
  const wakeNext = (untilMs: number): boolean => {
    const due = sleepers.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
    if (due === undefined) return false;
    sleepers.splice(sleepers.indexOf(due), 1);
    nowMs = Math.max(nowMs, due.dueMs);
    due.wake();
    return true;
  };
  return {
    nowMs: () => nowMs,
    sleep: (ms) =>
      new Promise((wake) => {
        sleepers.push({ dueMs: nowMs + ms, wake });
      }),
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await turn();
      while (wakeNext(untilMs)) await turn(); // who was woken may sleep again
      nowMs = untilMs;
    },
  };
}

/** Lets everything run that waits for nothing but its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
