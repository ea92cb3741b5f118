import { asFreshetError, type FreshetError } from "@freshet/protocol";
import type { OpenLetters } from "./open-letters.js";

export interface LetterWatchOptions {
  readonly letters: Pick<OpenLetters, "look">;
  readonly everyMs: number;
  /** Resolves after so many milliseconds, or at once when the signal aborts; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A look failed; `attempts` counts those in a row. The next one tries again. */
  readonly onTrouble: (error: FreshetError, attempts: number) => void;
}

/** Looks through the dead letters again and again. Resolves once the signal has aborted. */
export async function watchLetters({ letters, everyMs, sleep, onTrouble }: LetterWatchOptions, signal: AbortSignal): Promise<void> {
  let attempts = 0;
  while (!signal.aborted) {
    try {
      await letters.look(signal);
      attempts = 0;
    } catch (error) {
      if (!signal.aborted) onTrouble(asFreshetError(error), ++attempts);
    }
    await sleep(everyMs, signal);
  }
}
