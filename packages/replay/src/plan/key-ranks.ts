/**
 * What became of each of many keys, in bounded memory: a rank from 1 to 15 under a 49-bit hash of the key, eight bytes a slot.
 * Two of a million keys share a hash about once in a thousand plans. Keys beyond the limit are not remembered.
 */
export class KeyRanks {
  readonly #keysMax: number;
  #slots = new Float64Array(FIRST_SLOTS);
  #size = 0;
  #isFull = false;

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  /** Whether every key so far was remembered. */
  get isExact(): boolean {
    return !this.#isFull;
  }

  /** Raises a key to a rank and answers with the one it had: 0 for a new one. A lower or equal rank changes nothing. */
  raise(key: string, rank: number): number {
    const hash = hashOf(key);
    const at = this.#find(hash);
    const slot = this.#slots[at] ?? 0;
    if (slot === 0) return this.#add(at, hash, rank);
    const before = slot % RANKS;
    if (rank > before) this.#slots[at] = slot - before + rank;
    return before;
  }

  #add(at: number, hash: number, rank: number): number {
    if (this.#size >= this.#keysMax) {
      this.#isFull = true;
      return 0;
    }
    this.#slots[at] = hash * RANKS + rank;
    this.#size++;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return 0;
  }

  /** The slot of this hash, or the free one where it belongs. */
  #find(hash: number): number {
    const last = this.#slots.length - 1;
    let at = hash % this.#slots.length;
    for (;;) {
      const slot = this.#slots[at] ?? 0;
      if (slot === 0 || Math.floor(slot / RANKS) === hash) return at;
      at = at === last ? 0 : at + 1;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Float64Array(before.length * 2);
    for (const slot of before) if (slot !== 0) this.#slots[this.#find(Math.floor(slot / RANKS))] = slot;
  }
}

const RANKS = 16;
const FIRST_SLOTS = 4096;

/** FNV-1a twice with different beginnings, finished as murmur does: 28 and 21 bits of them. */
function hashOf(key: string): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let at = 0; at < key.length; at++) {
    const unit = key.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13);
  }
  return (finished(a) >>> 4) * 2 ** 21 + (finished(b) >>> 11);
}

function finished(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
