import type { JsonShape, ShapeNode } from "./json-shape.js";
import { limits } from "./limits.js";

/** Nobody nests events so deep; a text that does is left to the full parse. */
const DEPTH_MAX = 64;

const PLAIN = 0;
const QUOTE = 1;
const ESCAPE = 2;
const REFUSED = 3;
const BEYOND = 4;

/** In place of a member: a name that nobody asks for, and one that would have to be unescaped, or is none at all. */
const UNASKED = 0;
const UNKNOWN = -1;

/** What a byte means inside a string. DEL goes with the bytes beyond ASCII: a plain string has no control characters at all. */
const meaning = new Uint8Array(256).fill(REFUSED, 0, 0x20).fill(BEYOND, 0x7f);
meaning[0x22] = QUOTE;
meaning[0x5c] = ESCAPE;

/** The characters that may follow a backslash, but for `u`. */
const escapable = new Uint8Array(256);
for (const character of '"\\/bfnrt') escapable[character.charCodeAt(0)] = 1;

/**
 * One pass over the bytes of a JSON object that makes nothing: it checks the whole grammar and notes where the values of
 * a shape lie. It is surer than it is able: what is unusual (a name with an escape where names are looked at, a member
 * twice, a list or an abyss where an object was expected) it does not take, and whoever asked parses the text.
 *
 * A text with bytes beyond ASCII is taken only as far as its grammar goes; see `isAscii`.
 */
export class JsonScan {
  /** By slot: where the value begins, -1 when it is not there; where it ends; 1 when it is a string of printable ASCII without escapes. */
  starts = new Int32Array(0);
  ends = new Int32Array(0);
  plain = new Uint8Array(0);
  bytes: Uint8Array = new Uint8Array(0);
  /** Whether every byte was ASCII. Otherwise the caller has to see to it that the text is UTF-8. */
  isAscii = true;
  readonly #shape: JsonShape;
  #end = 0;
  #depth = 0;
  #behindName = 0;
  #isPlain = false;

  constructor(shape: JsonShape) {
    this.#shape = shape;
  }

  /** Whether these bytes are a JSON object, and its places are known. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.#reset();
    this.bytes = bytes;
    this.#end = end;
    const first = this.#space(start);
    if (first >= end || bytes[first] !== 0x7b) return false;
    const behind = this.#askedObject(first, this.#shape.root);
    return behind >= 0 && this.#space(behind) === end;
  }

  #reset(): void {
    const { size } = this.#shape;
    if (this.starts.length !== size) {
      this.starts = new Int32Array(size);
      this.ends = new Int32Array(size);
      this.plain = new Uint8Array(size);
    }
    this.starts.fill(-1);
    this.isAscii = true;
    this.#depth = 0;
  }

  #byte(at: number): number {
    return this.bytes[at] ?? 0;
  }

  #space(from: number): number {
    let at = from;
    let byte = this.#byte(at);
    while (at < this.#end && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) byte = this.#byte(++at);
    return at;
  }

  /** Each of these takes the first byte of what it reads and answers with the one behind it, or -1. */
  #value(at: number, node: ShapeNode | null): number {
    const byte = this.#byte(at);
    if (byte === 0x22) return this.#string(at);
    if (byte === 0x7b) return node === null ? this.#object(at) : this.#askedObject(at, node);
    if (byte === 0x5b) return node === null ? this.#array(at) : -1;
    if (byte === 0x2d || isDigit(byte)) return this.#number(at);
    return this.#word(at);
  }

  #object(from: number): number {
    if (++this.#depth > DEPTH_MAX) return -1;
    let at = this.#space(from + 1);
    if (this.#byte(at) === 0x7d) return this.#leave(at);
    for (;;) {
      at = this.#byte(at) === 0x22 ? this.#string(at) : -1;
      at = at < 0 ? -1 : this.#colon(at);
      at = at < 0 ? -1 : this.#value(at, null);
      if (at < 0) return -1;
      at = this.#space(at);
      const byte = this.#byte(at);
      if (byte === 0x7d) return this.#leave(at);
      if (byte !== 0x2c) return -1;
      at = this.#space(at + 1);
    }
  }

  /** An object of which some members are asked for. */
  #askedObject(from: number, node: ShapeNode): number {
    if (++this.#depth > DEPTH_MAX) return -1;
    let at = this.#space(from + 1);
    if (this.#byte(at) === 0x7d) return this.#leave(at);
    let last = UNASKED;
    for (;;) {
      const member = this.#name(at, node, last);
      if (member === UNKNOWN) return -1;
      const start = this.#colon(this.#behindName);
      if (start < 0) return -1;
      at = this.#value(start, node.inside[member] ?? null);
      if (at < 0 || (member !== UNASKED && !this.#note(node.slots[member] ?? 0, start, at))) return -1;
      at = this.#space(at);
      const byte = this.#byte(at);
      if (byte === 0x7d) return this.#leave(at);
      if (byte !== 0x2c) return -1;
      at = this.#space(at + 1);
      last = member;
    }
  }

  /** Reads the name of a member. The one that came behind `last` the last time is tried first. */
  #name(from: number, node: ShapeNode, last: number): number {
    const guess = node.after[last] ?? UNASKED;
    const guessed = node.names[guess];
    if (guess !== UNASKED && guessed !== undefined && this.#hasAt(from, guessed)) {
      this.#behindName = from + guessed.length;
      return guess;
    }
    const end = this.#byte(from) === 0x22 ? this.#string(from) : -1;
    if (end < 0) return UNKNOWN;
    this.#behindName = end;
    const { names } = node;
    for (let member = 1; member < names.length; member++) {
      const name = names[member];
      if (name === undefined || name.length !== end - from || !this.#hasAt(from, name)) continue;
      node.after[last] = member;
      return member;
    }
    return this.#isPlain || !this.bytes.subarray(from, end).includes(0x5c) ? UNASKED : UNKNOWN;
  }

  /** Where the value begins that belongs to the name before. */
  #colon(behindName: number): number {
    const at = this.#space(behindName);
    return this.#byte(at) === 0x3a ? this.#space(at + 1) : -1;
  }

  #hasAt(from: number, name: Uint8Array): boolean {
    const { bytes } = this;
    for (let at = 0; at < name.length; at++) if (bytes[from + at] !== name[at]) return false;
    return true;
  }

  /** `false` when the value is there already: the last one would count, and with it what is inside. */
  #note(slot: number, start: number, end: number): boolean {
    if (this.starts[slot] !== -1) return false;
    this.starts[slot] = start;
    this.ends[slot] = end;
    this.plain[slot] = this.#isPlain ? 1 : 0;
    return true;
  }

  #array(from: number): number {
    if (++this.#depth > DEPTH_MAX) return -1;
    let at = this.#space(from + 1);
    if (this.#byte(at) === 0x5d) return this.#leave(at);
    for (;;) {
      at = this.#value(at, null);
      if (at < 0) return -1;
      at = this.#space(at);
      const byte = this.#byte(at);
      if (byte === 0x5d) return this.#leave(at);
      if (byte !== 0x2c) return -1;
      at = this.#space(at + 1);
    }
  }

  #leave(at: number): number {
    this.#depth--;
    return at + 1;
  }

  #string(from: number): number {
    const { bytes } = this;
    const end = this.#end;
    this.#isPlain = true;
    let at = from + 1;
    for (;;) {
      while (at < end && meaning[bytes[at] ?? 0] === PLAIN) at++;
      if (at >= end) return -1;
      const kind = meaning[bytes[at] ?? 0];
      if (kind === QUOTE) return at + 1;
      if (kind === REFUSED) return -1;
      this.#isPlain = false;
      if (kind === BEYOND) at = this.#beyondAscii(at);
      else at = this.#escape(at);
      if (at < 0) return -1;
    }
  }

  #beyondAscii(at: number): number {
    if (this.#byte(at) >= 0x80) this.isAscii = false;
    return at + 1;
  }

  #escape(at: number): number {
    const byte = this.#byte(at + 1);
    if (escapable[byte] === 1) return at + 2;
    if (byte !== 0x75) return -1;
    for (let digit = at + 2; digit < at + 6; digit++) if (!isHex(this.#byte(digit))) return -1;
    return at + 6;
  }

  #number(from: number): number {
    let at = this.#byte(from) === 0x2d ? from + 1 : from;
    if (this.#byte(at) === 0x30) at++;
    else at = this.#digits(at);
    if (at >= 0 && this.#byte(at) === 0x2e) at = this.#digits(at + 1);
    if (at < 0) return -1;
    if ((this.#byte(at) | 0x20) === 0x65) {
      const sign = this.#byte(at + 1);
      at = this.#digits(sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
    }
    return at <= this.#end && at - from <= limits.numberDigitsMax ? at : -1;
  }

  #digits(from: number): number {
    let at = from;
    while (isDigit(this.#byte(at))) at++;
    return at === from ? -1 : at;
  }

  #word(at: number): number {
    const byte = this.#byte(at);
    if (byte === 0x74) return this.#hasAt(at, TRUE) ? at + 4 : -1;
    if (byte === 0x66) return this.#hasAt(at, FALSE) ? at + 5 : -1;
    return byte === 0x6e && this.#hasAt(at, NULL) ? at + 4 : -1;
  }
}

const encoder = new TextEncoder();
const TRUE = encoder.encode("true");
const FALSE = encoder.encode("false");
const NULL = encoder.encode("null");

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
