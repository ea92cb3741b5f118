const LOOK_MS = 20;

/** What `startStopwatch` gives. */
export interface Stopwatch {
  /** Milliseconds since the start in which this process ran. */
  readonly ms: number;
  stop(): void;
}

/**
 * Measures time in which this process ran: a stretch in which the machine let it stand still counts as two looks, 40 ms. For bounds that
 * the product promises by its own timers, which stand still just as long.
 */
export function startStopwatch(): Stopwatch {
  let ms = 0;
  let lastMs = performance.now();
  const look = (): void => {
    const nowMs = performance.now();
    ms += Math.min(nowMs - lastMs, 2 * LOOK_MS);
    lastMs = nowMs;
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    get ms() {
      look();
      return ms;
    },
    stop: () => clearInterval(timer),
  };
}
