/** How fast a replay may go. `null`: as fast as it can. */
export interface Rates {
  readonly recordsPerSecond: number | null;
  readonly bustsPerSecond: number | null;
}

export interface PaceOptions extends Rates {
  readonly clock: { nowMs(): number };
  /** Waits so long, or until the signal. */
  readonly pause: (ms: number, stop: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
}

/** Holds slices back so that no second sees more than the rates allow, give or take one slice. Never catches up on a pause. */
export class Pace {
  readonly #options: PaceOptions;
  #dueMs: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#dueMs = options.clock.nowMs();
  }

  /** Waits until so many records and busts may go on. */
  async take(records: number, busts: number): Promise<void> {
    const { clock, pause, stop, recordsPerSecond, bustsPerSecond } = this.#options;
    const nowMs = clock.nowMs();
    const mayBeginMs = Math.max(this.#dueMs, nowMs);
    this.#dueMs = mayBeginMs + durationMs({ records, busts }, { recordsPerSecond, bustsPerSecond });
    if (mayBeginMs > nowMs && !stop.aborted) await pause(mayBeginMs - nowMs, stop);
  }
}

/** How long so much takes at these rates, in milliseconds; 0 without any. */
export function durationMs(work: { readonly records: number; readonly busts: number }, rates: Rates): number {
  const records = rates.recordsPerSecond === null ? 0 : (work.records * 1000) / rates.recordsPerSecond;
  const busts = rates.bustsPerSecond === null ? 0 : (work.busts * 1000) / rates.bustsPerSecond;
  return Math.max(records, busts);
}

/** Records a slice: small enough that a slice takes a second at most. */
export function sliceRecords({ recordsPerSecond }: Rates, max: number): number {
  return recordsPerSecond === null ? max : Math.max(1, Math.min(max, Math.floor(recordsPerSecond)));
}
