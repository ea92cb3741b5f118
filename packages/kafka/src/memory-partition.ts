import type { KafkaRecord } from "@freshet/protocol";

/** Where a partition begins and ends; as `PartitionOffsets` says. */
export interface MemoryOffsets {
  readonly earliest: number;
  readonly latest: number;
  readonly stable: number;
}

/** Some records from an offset on, and the offset to go on from: behind them, and behind what is no record. */
export interface MemoryStretch {
  readonly records: readonly KafkaRecord[];
  readonly next: number;
}

export interface MemoryRead {
  readonly count: number;
  readonly to?: number;
  readonly uncommitted?: boolean;
}

/**
 * One partition of a log in memory. An offset without a record is what a real log has in control records and in what
 * compaction took away.
 */
export class MemoryPartition {
  /** By offset. */
  readonly #entries: (KafkaRecord | null)[] = [];
  readonly #openSince = new Set<{ readonly offset: number }>();
  #earliest = 0;

  append(make: (offset: number) => KafkaRecord): void {
    this.#entries.push(make(this.#entries.length));
  }

  skip(count: number): void {
    for (let left = count; left > 0; left--) this.#entries.push(null);
  }

  /** Forgets what lies before this offset, as retention does. */
  trim(before: number): void {
    this.#earliest = Math.min(Math.max(this.#earliest, before), this.#entries.length);
  }

  /** What is appended from now on is not committed until the answer is called. */
  openTransaction(): () => void {
    const open = { offset: this.#entries.length };
    this.#openSince.add(open);
    return () => this.#openSince.delete(open);
  }

  offsets(): MemoryOffsets {
    const latest = this.#entries.length;
    let stable = latest;
    for (const { offset } of this.#openSince) stable = Math.min(stable, offset);
    return { earliest: this.#earliest, latest, stable };
  }

  /** At most `count` records from `offset` on, none at or above `to`, and only committed ones unless others are asked for. */
  read(offset: number, { count, to = Number.POSITIVE_INFINITY, uncommitted = false }: MemoryRead): MemoryStretch {
    const { earliest, stable, latest } = this.offsets();
    const end = Math.min(uncommitted ? latest : stable, to);
    const records: KafkaRecord[] = [];
    let next = Math.max(offset, earliest);
    for (; next < end && records.length < count; next++) {
      const record = this.#entries[next];
      if (record !== null && record !== undefined) records.push(record);
    }
    return { records, next };
  }

  /** The first offset whose record is at least this new. */
  offsetAt(timestampMs: number): number {
    const { earliest, latest, stable } = this.offsets();
    for (let offset = earliest; offset < stable; offset++) {
      const record = this.#entries[offset];
      if (record !== null && record !== undefined && record.timestampMs >= timestampMs) return offset;
    }
    return latest;
  }

  records(): readonly KafkaRecord[] {
    return this.#entries.filter((entry) => entry !== null).slice();
  }
}
