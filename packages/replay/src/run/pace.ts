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

/**
 * Lets slices begin, one after the other, so that no second sees more than the rates allow, give or take one slice: from the first
 * slice on. Never catches up on a pause.
 */
export class Pace {
  readonly #options: PaceOptions;
  #recordsDueMs: number;
  #bustsDueMs: number;
  /** Of what came of slices so far: how many busts a slice makes is known only when it has run. */
  #bustsPerRecord = 1;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#recordsDueMs = options.clock.nowMs();
    this.#bustsDueMs = this.#recordsDueMs;
  }

  /** Waits until so many records may go on. To be told how many busts came of them. */
  async take(records: number): Promise<(busts: number) => void> {
    const turn = this.#turn.then(() => this.#wait(records));
    this.#turn = turn.then(() => undefined);
    const expected = await turn;
    return (busts) => {
      this.#bustsDueMs += this.#bustsMs(busts - expected);
      if (records > 0) this.#bustsPerRecord = busts / records;
    };
  }

  async #wait(records: number): Promise<number> {
    const { clock, pause, stop, recordsPerSecond } = this.#options;
    const nowMs = clock.nowMs();
    const mayBeginMs = Math.max(this.#recordsDueMs, this.#bustsDueMs, nowMs);
    const expected = records * this.#bustsPerRecord;
    this.#recordsDueMs = mayBeginMs + (recordsPerSecond === null ? 0 : (records * 1000) / recordsPerSecond);
    this.#bustsDueMs = mayBeginMs + this.#bustsMs(expected);
    if (mayBeginMs > nowMs && !stop.aborted) await pause(mayBeginMs - nowMs, stop);
    return expected;
  }

  #bustsMs(busts: number): number {
    const { bustsPerSecond } = this.#options;
    return bustsPerSecond === null ? 0 : (busts * 1000) / bustsPerSecond;
  }
}

/** How long so much takes at these rates, in milliseconds; 0 without any. */
export function durationMs(work: { readonly records: number; readonly busts: number }, rates: Rates): number {
  const records = rates.recordsPerSecond === null ? 0 : (work.records * 1000) / rates.recordsPerSecond;
  const busts = rates.bustsPerSecond === null ? 0 : (work.busts * 1000) / rates.bustsPerSecond;
  return Math.max(records, busts);
}

/** What a slice may take at these rates: as much is done at once, and done again after a SIGKILL. */
const SLICE_S = 0.25;

/** Records a slice: a quarter of a second's worth at the slower of the rates, one at least. */
export function sliceRecords({ recordsPerSecond, bustsPerSecond }: Rates, max: number): number {
  const slower = Math.min(recordsPerSecond ?? Number.POSITIVE_INFINITY, bustsPerSecond ?? Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(max, Math.floor(slower * SLICE_S)));
}
