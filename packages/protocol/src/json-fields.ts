import type { JsonValue } from "./event.js";
import { parseJson } from "./json.js";
import { JsonScan } from "./json-scan.js";
import { JsonShape } from "./json-shape.js";
import type { ByteSpan } from "./record.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** So many digits are a safe integer without a look. */
const SAFE_DIGITS = 15;
const REMEMBERED_LENGTH_MAX = 64;

/**
 * Single values of JSON texts, one text after the other. What is asked for of one text is noted for the next ones: each is
 * gone over once, checked whole, and of its values only those are made that somebody takes.
 */
export class JsonFields {
  /** Which text this is, counted; places are asked for with it, for the next text takes them over. */
  turn = 0;
  readonly #shape = new JsonShape();
  readonly #scan = new JsonScan(this.#shape);
  /** By slot, the last plain string and the one before: types and sources come again and again, often two by turns. */
  readonly #texts: string[] = [];
  readonly #textsBefore: string[] = [];

  /** The slot of a path, -1 when it can have none. A new one is known from the next text on: this turn ends. */
  slotOf(path: readonly string[]): number {
    const { size } = this.#shape;
    const slot = this.#shape.slotOf(path);
    if (this.#shape.size !== size) this.turn++;
    return slot;
  }

  /** Goes over a text. `false`: it is not a JSON object in UTF-8, or an unusual one; nothing may be asked of it. */
  read({ bytes, start, end }: ByteSpan): boolean {
    this.turn++;
    return this.#scan.scan(bytes, start, end) && (this.#scan.isAscii || isUtf8(bytes.subarray(start, end)));
  }

  /** The first byte of a value, 0 when there is no such value. */
  firstByte(slot: number): number {
    const start = this.#scan.starts[slot] ?? -1;
    return start < 0 ? 0 : (this.#scan.bytes[start] ?? 0);
  }

  /** How many bytes a value takes, quotes included. */
  length(slot: number): number {
    return (this.#scan.ends[slot] ?? 0) - (this.#scan.starts[slot] ?? 0);
  }

  /** Whether a value is a string of printable ASCII. */
  isPlainText(slot: number): boolean {
    return this.firstByte(slot) === 0x22 && this.#scan.plain[slot] === 1;
  }

  /** A string as it is, a number as it is written; `null` for anything else. */
  text(slot: number): string | null {
    const first = this.firstByte(slot);
    if (first === 0x22) return this.#string(slot);
    return isNumberStart(first) ? this.#written(slot) : null;
  }

  /** What the full parse gives for this value; `undefined` when it is not there. */
  value(slot: number): JsonValue | undefined {
    const first = this.firstByte(slot);
    if (first === 0) return undefined;
    if (first === 0x22) return this.#string(slot);
    return this.#safeInteger(slot) ?? parseJson(this.#written(slot));
  }

  #string(slot: number): string {
    const { bytes, starts, ends, plain } = this.#scan;
    if (plain[slot] !== 1) return parseJson(this.#written(slot)) as string;
    const last = this.#texts[slot] ?? "";
    if (this.#reads(slot, last)) return last;
    const before = this.#textsBefore[slot] ?? "";
    const text = this.#reads(slot, before) ? before : latin1(bytes, (starts[slot] ?? 0) + 1, (ends[slot] ?? 0) - 1);
    if (text.length <= REMEMBERED_LENGTH_MAX) this.#remember(slot, text, last);
    return text;
  }

  /** Whether the plain string there is this one. */
  #reads(slot: number, text: string): boolean {
    const { bytes, starts, ends } = this.#scan;
    const start = (starts[slot] ?? 0) + 1;
    if (text.length !== (ends[slot] ?? 0) - 1 - start) return false;
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== bytes[start + at]) return false;
    return true;
  }

  #remember(slot: number, text: string, last: string): void {
    this.#texts[slot] = text;
    this.#textsBefore[slot] = last;
  }

  #written(slot: number): string {
    const { bytes, starts, ends } = this.#scan;
    return utf8.decode(bytes.subarray(starts[slot], ends[slot]));
  }

  /** An integer of few digits, without making its text; `null` for anything else. */
  #safeInteger(slot: number): number | null {
    const { bytes, starts, ends } = this.#scan;
    const end = ends[slot] ?? 0;
    let at = starts[slot] ?? 0;
    if (end - at > SAFE_DIGITS) return null;
    let value = 0;
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) return null;
      value = value * 10 + digit;
    }
    return value;
  }
}

function isNumberStart(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A text so short is made from its codes in half the time that a call into the runtime takes. */
const SHORT_MAX = 12;
/** By length, room for the codes of a text. */
const codes: readonly number[][] = Array.from({ length: SHORT_MAX + 1 }, (_, length) => new Array<number>(length).fill(0));

function latin1(bytes: Uint8Array, start: number, end: number): string {
  const room = codes[end - start];
  if (room === undefined) return bytes instanceof Buffer ? bytes.toString("latin1", start, end) : utf8.decode(bytes.subarray(start, end));
  for (let at = 0; at < room.length; at++) room[at] = bytes[start + at] ?? 0;
  return String.fromCharCode.apply(null, room);
}
