/**
 * Finds how far a partition may be committed while its records end in any order: the contiguous prefix, and never more.
 *
 *   begin 10, 11, 12, 15       (13 and 14 are a compacted gap)
 *   end 11      contiguous → null     10 is still open
 *   end 12      contiguous → null
 *   end 10      contiguous → 12       10, 11 and 12 fall in one go
 *   end 12      contiguous → 12       once more: nothing happens
 *   end 15      contiguous → 15       the gap holds no record that could be open
 *
 * Offsets begin in rising order, as a partition delivers them. Memory: one entry for each record that is open, or ended behind
 * an open one.
 */
export class OffsetTracker {
  /** What has begun and is not part of the prefix, in order; `#head` is the first of it. */
  readonly #waiting: number[] = [];
  readonly #ended = new Set<number>();
  #head = 0;
  #contiguous: number | null = null;
  #begun = -1;

  /** A record is under way. Not below one that has begun before. */
  begin(offset: number): void {
    if (offset <= this.#begun) throw new RangeError(`offset ${offset} begins after ${this.#begun}`);
    this.#begun = offset;
    this.#waiting.push(offset);
  }

  /** A record has ended. Saying so again, or of a record that never began, changes nothing. */
  end(offset: number): void {
    if (this.#contiguous !== null && offset <= this.#contiguous) return;
    if (offset > this.#begun) return;
    this.#ended.add(offset);
    for (let next = this.#waiting[this.#head]; next !== undefined && this.#ended.delete(next); next = this.#waiting[++this.#head]) {
      this.#contiguous = next;
    }
    if (this.#head < FORGET_FROM || this.#head * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#head);
    this.#head = 0;
  }

  /** The last offset of the prefix of ended records; `null` while the first is open. */
  contiguous(): number | null {
    return this.#contiguous;
  }
}

/** Entries of the prefix that are kept before they are dropped together. */
const FORGET_FROM = 1024;
