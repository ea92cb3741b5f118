import { limits } from "@freshet/protocol";
import { MISFIT, TOO_DEEP, TOO_LARGE } from "./rejections.js";

/** What the bytes of a value are refused for: thrown from within a value, and caught around it. */
export class Refusal extends Error {
  readonly rejection: typeof MISFIT;

  constructor(rejection: typeof MISFIT) {
    super("refused");
    this.rejection = rejection;
  }
}

/** Bytes of the longest varint: 64 bits, seven each. */
const VARINT_BYTES_MAX = 10;
const LOW_BYTES = 4;
const LOW = 2 ** 28;
const SAFE_HIGH = 2 ** 25;
/** Items of lists that take no bytes, of one value: a few bytes could ask for any number of them. */
const EMPTY_ITEMS_MAX = 1000;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads Avro's binary form and gathers JSON text. Both ends are bounded: nothing is read past the end, and what is written
 * counts, as do items without bytes, so neither a length of 2^60 nor that many empty items takes time or memory.
 */
export class AvroCursor {
  text = "";
  readonly #bytes: Buffer;
  #at = 0;
  #level = 0;
  #emptyItems = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  write(text: string): void {
    this.text += text;
    if (this.text.length > limits.recordBytesMax) throw new Refusal(TOO_LARGE);
  }

  /** Goes into a value that holds others. */
  enter(): void {
    if (++this.#level > limits.jsonDepthMax) throw new Refusal(TOO_DEEP);
  }

  leave(): void {
    this.#level--;
  }

  /** Goes over an item of a list. */
  item(step: (cursor: AvroCursor) => void): void {
    const from = this.#at;
    step(this);
    if (this.#at === from && ++this.#emptyItems > EMPTY_ITEMS_MAX) throw new Refusal(MISFIT);
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Refusal(MISFIT);
    return byte;
  }

  /** A number of 64 bits; a `bigint` exactly where a `number` would not keep it. */
  long(): number | bigint {
    let low = 0;
    let high = 0;
    let scale = 1;
    for (let count = 1; count <= VARINT_BYTES_MAX; count++) {
      const byte = this.byte();
      if (count === LOW_BYTES + 1) scale = 1;
      if (count <= LOW_BYTES) low += (byte & 0x7f) * scale;
      else high += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return unzigzag(low, high);
    }
    throw new Refusal(MISFIT);
  }

  /** An integer that is within safe bounds: a count, an index, a length, an `int`. */
  integer(): number {
    const value = this.long();
    if (typeof value === "bigint") throw new Refusal(MISFIT);
    return value;
  }

  take(length: number): Uint8Array {
    return this.#bytes.subarray(this.#skip(length), this.#at);
  }

  /** A text as JSON has it, in quotes. */
  string(): string {
    const from = this.#skip(this.integer());
    if (isPlain(this.#bytes, from, this.#at)) return `"${this.#bytes.toString("latin1", from, this.#at)}"`;
    try {
      return JSON.stringify(utf8.decode(this.#bytes.subarray(from, this.#at)));
    } catch {
      throw new Refusal(MISFIT);
    }
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#skip(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8));
  }

  /** Where the bytes begin that it went over. */
  #skip(length: number): number {
    if (length < 0 || length > this.#bytes.length - this.#at) throw new Refusal(MISFIT);
    this.#at += length;
    return this.#at - length;
  }
}

/** Whether a text is ASCII that JSON writes as it stands. */
function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}

/** The sign is the lowest bit. `low` has 28 bits, `high` those above. */
function unzigzag(low: number, high: number): number | bigint {
  if (high < SAFE_HIGH) {
    const value = high * LOW + low;
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  if (high >= 2 ** 36) throw new Refusal(MISFIT);
  const value = (BigInt(high) << 28n) | BigInt(low);
  const signed = (value >> 1n) ^ -(value & 1n);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}
