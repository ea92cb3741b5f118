/** Wakes whoever waits. Nothing is remembered: a ring without a waiter is lost, so look before you wait. */
export interface Bell {
  ring(): void;
  /** Until the next ring, or until `ms` have passed. */
  wait(ms?: number): Promise<void>;
}

export function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      const woken = [...waiting];
      waiting.clear();
      for (const wake of woken) wake();
    },
    wait(ms) {
      return new Promise((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(() => wake(), ms);
        const wake = (): void => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    },
  };
}
