import { asFreshetError } from "@freshet/protocol";

export interface Patience {
  readonly clock: { nowMs(): number };
  /** Waits so long, or until the signal. */
  readonly pause: (ms: number, stop: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
  /** How long what is away is waited for. */
  readonly patienceMs: number;
}

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 2000;

/** Does again, whole, what failed for a reason that time mends; `onAgain` is told each time. Only for what may be done twice. */
export async function patiently<T>(run: () => Promise<T>, patience: Patience, onAgain?: () => void): Promise<T> {
  const { clock, pause, stop, patienceMs } = patience;
  const startedMs = clock.nowMs();
  for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(RETRY_MAX_MS, waitMs * 2)) {
    try {
      return await run();
    } catch (error) {
      const isLate = clock.nowMs() - startedMs + waitMs > patienceMs;
      if (asFreshetError(error).disposition !== "wait" || isLate || stop.aborted) throw error;
      onAgain?.();
      await pause(waitMs, stop);
    }
  }
}
