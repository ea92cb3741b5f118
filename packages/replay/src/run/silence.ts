import { FreshetError } from "@freshet/protocol";

/** Watches a reading for a broker that says nothing more. */
export interface Silence {
  /** Aborted when it lasted too long. */
  readonly signal: AbortSignal;
  /** Rejects when it lasted too long. */
  readonly tooLong: Promise<never>;
  /** Work of our own is no silence. */
  during(work: () => Promise<void>): Promise<void>;
  end(): void;
}

export function createSilence(msMax: number): Silence {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {}); // nobody may be left to hear of it
  const give = (): void => {
    controller.abort();
    const problem = `no record came for ${Math.round(msMax / 1000)} s`;
    reject(new FreshetError("FR3001", "wait", problem, "Check the brokers; trying again makes sense."));
  };
  let working = 0;
  let timer = setTimeout(give, msMax);
  return {
    signal: controller.signal,
    tooLong: promise,
    async during(work) {
      working++;
      clearTimeout(timer);
      try {
        await work();
      } finally {
        working--;
        if (working === 0 && !controller.signal.aborted) timer = setTimeout(give, msMax);
      }
    },
    end() {
      clearTimeout(timer);
      working = Number.POSITIVE_INFINITY; // a handler that is still under way starts no timer again
    },
  };
}
