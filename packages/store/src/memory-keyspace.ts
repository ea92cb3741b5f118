/** A key as Redis would hold it: a hash or a string, with a time after which it is gone. The bytes of a managed value are one character each. */
export interface StoredKey {
  readonly content: ReadonlyMap<string, string> | string;
  /** In milliseconds; `null` for never. */
  readonly expireAtMs: number | null;
}

/** The keys of a store in memory, with their times to live; every part of the store works on one of these. */
export class Keyspace {
  readonly #stored = new Map<string, StoredKey>();
  readonly #nowUs: () => number;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  /** A step asks once, and goes by that time throughout. */
  nowUs(): number {
    return this.#nowUs();
  }

  get(key: string): StoredKey | undefined {
    const stored = this.#stored.get(key);
    const isGone = stored !== undefined && stored.expireAtMs !== null && stored.expireAtMs < Math.floor(this.#nowUs() / 1000);
    return isGone ? undefined : stored;
  }

  put(key: string, content: StoredKey["content"], ttlMs: number | undefined): void {
    const expireAtMs = ttlMs === undefined ? null : Math.floor(this.#nowUs() / 1000) + ttlMs;
    this.#stored.set(key, { content, expireAtMs });
  }

  /** `undefined` removes it. */
  set(key: string, stored: StoredKey | undefined): void {
    if (stored === undefined) this.#stored.delete(key);
    else this.#stored.set(key, stored);
  }
}
