/** Time as the sweeper sees it. */
export interface SweepScheduler {
  nowMs(): number;
  /** Ends after so long, or when the signal is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Keeps all walks of a process together below one rate. */
export interface Pace {
  /** Ends when so many more may be sent, at once when it has been quiet, or when the signal is aborted. */
  take(count: number, signal: AbortSignal): Promise<void>;
}

/** @param perSecond how many may be sent a second, on the average of the steps */
export function createPace(perSecond: number, scheduler: SweepScheduler): Pace {
  let freeAtMs = 0;
  return {
    async take(count, signal) {
      const nowMs = scheduler.nowMs();
      const waitMs = freeAtMs - nowMs;
      freeAtMs = Math.max(freeAtMs, nowMs) + (count * 1000) / perSecond;
      if (waitMs > 0) await scheduler.sleep(waitMs, signal);
    },
  };
}
