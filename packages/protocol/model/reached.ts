/** States a chunk holds. */
const CHUNK = 1 << 16;
const VALUE_MAX = 0xfffe;

/**
 * The states that were reached, in the order in which they were, and from where. All of one model are equally long; each takes two bytes a
 * value and 14 to 20 more, outside of the runtime's heap: tens of millions fit in memory.
 */
export class Reached {
  readonly #length: number;
  readonly #values: Uint16Array[] = [];
  readonly #parents: Int32Array[] = [];
  readonly #hashes: Int32Array[] = [];
  /** Open addressing: the number of a state plus one, or 0. */
  #slots = new Int32Array(1 << 12);
  #size = 0;

  /** `length`: values of a state. */
  constructor(length: number) {
    this.#length = length;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether it was new. Values are -1 to 65,533. */
  add(state: readonly number[], parent: number): boolean {
    if (state.length !== this.#length) throw new Error(`a state of ${state.length} values in place of ${this.#length}`);
    const hash = hashOf(state);
    const slot = this.#find(state, hash);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = this.#append(state, hash, parent) + 1;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return true;
  }

  /** The number-th state. */
  state(number: number): number[] {
    const values = this.#values[number >>> 16];
    if (values === undefined) throw new Error(`there is no state ${number}`);
    const first = (number & (CHUNK - 1)) * this.#length;
    return Array.from(values.subarray(first, first + this.#length), (value) => value - 1);
  }

  /** The number of the state from which the number-th was reached first; -1 for the initial one. */
  parent(number: number): number {
    return this.#parents[number >>> 16]?.[number & (CHUNK - 1)] ?? -1;
  }

  /** Where the state is in the table, or the free place where it belongs. */
  #find(state: readonly number[], hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = spread(hash) & mask;
    for (let taken = this.#slots[slot] ?? 0; taken !== 0; taken = this.#slots[slot] ?? 0) {
      if (this.#hashAt(taken - 1) === hash && this.#isAt(taken - 1, state)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #isAt(number: number, state: readonly number[]): boolean {
    const values = this.#values[number >>> 16];
    const first = (number & (CHUNK - 1)) * this.#length;
    for (let at = 0; at < state.length; at++) if (values?.[first + at] !== (state[at] ?? 0) + 1) return false;
    return true;
  }

  #hashAt(number: number): number {
    return this.#hashes[number >>> 16]?.[number & (CHUNK - 1)] ?? 0;
  }

  #append(state: readonly number[], hash: number, parent: number): number {
    const number = this.#size++;
    const chunk = number >>> 16;
    if (this.#values[chunk] === undefined) {
      this.#values[chunk] = new Uint16Array(CHUNK * this.#length);
      this.#parents[chunk] = new Int32Array(CHUNK);
      this.#hashes[chunk] = new Int32Array(CHUNK);
    }
    const place = number & (CHUNK - 1);
    const first = place * this.#length;
    const values = this.#values[chunk];
    for (let at = 0; at < state.length; at++) values[first + at] = (state[at] ?? 0) + 1;
    const [parents, hashes] = [this.#parents[chunk], this.#hashes[chunk]];
    if (parents === undefined || hashes === undefined) throw new Error("a chunk without its columns");
    parents[place] = parent;
    hashes[place] = hash;
    return number;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.#size; number++) {
      let slot = spread(this.#hashAt(number)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

function hashOf(state: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const value of state) {
    if (value < -1 || value >= VALUE_MAX) throw new Error(`a state cannot hold ${value}`);
    hash = Math.imul(hash ^ (value + 1), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash | 0;
}

/** The low bits decide where a state lies: all of its bits have a say in them. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
