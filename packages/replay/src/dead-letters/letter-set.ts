const OFFSETS_PER_BLOCK = 4096;
const BITS = 8;

/** A set of dead letters in a bit for each offset, by blocks: a million letters that lie close together take 128 KiB. */
export class LetterSet {
  readonly #blocks = new Map<string, Uint8Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(partition: number, offset: number): boolean {
    const bits = this.#blocks.get(blockOf(partition, offset));
    return bits !== undefined && ((bits[byteOf(offset)] ?? 0) & bitOf(offset)) !== 0;
  }

  set(partition: number, offset: number, isIn: boolean): void {
    if (this.has(partition, offset) === isIn) return;
    const name = blockOf(partition, offset);
    const bits = this.#blocks.get(name) ?? new Uint8Array(OFFSETS_PER_BLOCK / BITS);
    this.#blocks.set(name, bits);
    bits[byteOf(offset)] = (bits[byteOf(offset)] ?? 0) ^ bitOf(offset);
    this.#size += isIn ? 1 : -1;
  }
}

function blockOf(partition: number, offset: number): string {
  return `${partition}-${Math.floor(offset / OFFSETS_PER_BLOCK)}`;
}

function byteOf(offset: number): number {
  return Math.floor((offset % OFFSETS_PER_BLOCK) / BITS);
}

function bitOf(offset: number): number {
  return 1 << (offset % BITS);
}
