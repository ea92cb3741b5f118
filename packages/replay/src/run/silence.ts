import { FreshetError } from "@freshet/protocol";

/** Watches a reading for a broker that says nothing more. */
export interface Silence {
  /** Aborted when it lasted too long. */
  readonly signal: AbortSignal;
  /** Rejects when it lasted too long. */
  readonly tooLong: Promise<never>;
  /** Whether it is over because nothing else was answered either. */
  readonly isMute: boolean;
  /** Work of our own is no silence. */
  during(work: () => Promise<void>): Promise<void>;
  end(): void;
}

export interface SilencePatience {
  /** So long without a record and without work of our own. */
  readonly silenceMsMax: number;
  /** After so much of it the broker is asked something, */
  readonly doubtMs: number;
  /** and without an answer to that for so long it is over sooner. */
  readonly doubtAnswerMsMax: number;
  /** Aborted when nobody waits any longer: from then on it is over after so long. */
  readonly leaving: AbortSignal;
  readonly farewellMsMax: number;
}

/** `ask` resolves with the broker's answer, whatever that is. */
export function createSilence(patience: SilencePatience, ask: () => Promise<unknown>): Silence {
  const { silenceMsMax, doubtMs, doubtAnswerMsMax, leaving, farewellMsMax } = patience;
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {}); // nobody may be left to hear of it
  let timer: NodeJS.Timeout | undefined;
  let working = 0;
  let silences = 0;
  let isMute = false;
  const give = (ms: number): void => {
    controller.abort();
    const problem = `no record came for ${Math.round(ms / 1000)} s`;
    reject(new FreshetError("FR3001", "wait", problem, "Check the brokers; trying again makes sense."));
  };
  const giveAfter = (ms: number, lastedMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => give(lastedMs + ms), ms);
  };
  const doubt = (): void => {
    const silence = silences;
    giveAfter(doubtAnswerMsMax, doubtMs);
    isMute = true;
    const answered = (): void => {
      if (silence !== silences || controller.signal.aborted) return;
      isMute = false;
      giveAfter(silenceMsMax - doubtMs, doubtMs);
    };
    ask().then(answered, () => {}); // an error is no answer: the time for one goes on
  };
  const begin = (): void => {
    if (controller.signal.aborted) return;
    silences++;
    isMute = false;
    clearTimeout(timer);
    if (working > 0) return;
    if (leaving.aborted) giveAfter(farewellMsMax, 0);
    else timer = setTimeout(doubt, doubtMs);
  };
  leaving.addEventListener("abort", begin, { once: true });
  begin();
  return {
    signal: controller.signal,
    tooLong: promise,
    get isMute() {
      return isMute;
    },
    async during(work) {
      working++;
      begin();
      try {
        await work();
      } finally {
        working--;
        begin();
      }
    },
    end() {
      working = Number.POSITIVE_INFINITY; // a handler that is still under way starts no timer again
      leaving.removeEventListener("abort", begin);
      begin();
    },
  };
}
