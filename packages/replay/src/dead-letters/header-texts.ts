import type { RecordHeader } from "@freshet/protocol";

/** What the headers of a dead letter may make us hold and print: anyone who may write to the topic chose them. */
const NAME_CHARACTERS_MAX = 249;
const MESSAGE_CHARACTERS_MAX = 2048;
const COUNT_MAX = 1_000_000_000;
/** Of UTF-8, for one character of a string. */
const BYTES_PER_CHARACTER_MAX = 4;

/** What is kept of texts read lately. */
const BYTES_REMEMBERED_MAX = 512;
const HEADERS_REMEMBERED_MAX = 50;
/** A prime number: values that differ in their last bytes get places that differ. */
const VALUES_REMEMBERED_MAX = 251;

const ZERO = 0x30;
const DASH = 0x2d;
const DIGITS_MAX = 16;
const instantForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;
const allUnprintable = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/**
 * Headers by name, each read when it is asked for, within bounds, and none believed: `null` is missing, null or not what it should
 * be. Of a repeated one the last counts.
 */
export class HeaderTexts {
  readonly #headers: readonly RecordHeader[];
  readonly #layout: Layout;

  constructor(headers: readonly RecordHeader[]) {
    this.#headers = headers;
    this.#layout = layoutOf(headers);
  }

  /** A short text: a name, a class; where a form is given, one that is exactly of it. A header is always asked for in one form. */
  name(header: string, form: RegExp | null = null): string | null {
    return this.#lately(header, NAME_CHARACTERS_MAX, form);
  }

  /** A sentence; line breaks become spaces, and what is too long ends with `…`. */
  message(header: string): string {
    return this.#lately(header, MESSAGE_CHARACTERS_MAX, null) ?? "";
  }

  /** The same of a text that differs from letter to letter. */
  match(header: string, form: RegExp): string | null {
    const value = this.#valueOf(header);
    return value === null ? null : readText(value, NAME_CHARACTERS_MAX, form);
  }

  /** Decimal digits; `null` above `max`. */
  count(header: string, max: number = COUNT_MAX): number | null {
    const value = this.#valueOf(header);
    const number = value === null ? null : readDigits(value, 0, value.length);
    return number === null || number > max ? null : number;
  }

  /** Decimal digits, or two such numbers with a `-` between them, the second not below the first. */
  range(header: string): { readonly first: number; readonly last: number | null } | null {
    const value = this.#valueOf(header);
    if (value === null) return null;
    const dash = value.indexOf(DASH);
    if (dash < 0) {
      const only = readDigits(value, 0, value.length);
      return only === null ? null : { first: only, last: null };
    }
    const [first, last] = [readDigits(value, 0, dash), readDigits(value, dash + 1, value.length)];
    return first === null || last === null || first > last ? null : { first, last };
  }

  /** RFC 3339 in UTC, as it is written. */
  instant(header: string): string | null {
    const text = this.match(header, instantForm);
    return text === null || Number.isNaN(Date.parse(text)) ? null : text;
  }

  /** Big-endian and not negative, of exactly 4 or 8 bytes. */
  integer(header: string, bytes: 4 | 8): number | null {
    const value = this.#valueOf(header);
    if (value?.length !== bytes) return null;
    const view = new DataView(value.buffer, value.byteOffset, bytes);
    const number = bytes === 4 ? view.getInt32(0) : Number(view.getBigInt64(0));
    return Number.isSafeInteger(number) && number >= 0 ? number : null;
  }

  /** One letter is like the other: what was read lately is not read again, and the same bytes give the same string. */
  #lately(header: string, charactersMax: number, form: RegExp | null): string | null {
    const value = this.#valueOf(header);
    if (value === null) return null;
    const texts = textsOf(header);
    const at = slotOf(value);
    const known = texts[at];
    if (known !== undefined && areEqual(known.bytes, value)) return known.text;
    const text = readText(value, charactersMax, form);
    if (value.length <= BYTES_REMEMBERED_MAX) texts[at] = { bytes: new Uint8Array(value), text };
    return text;
  }

  #valueOf(name: string): Uint8Array | null {
    const at = this.#layout.lastOf.get(name);
    return at === undefined ? null : (this.#headers[at]?.value ?? null);
  }
}

/** Where headers of these names are. Letters of one topic mostly have the same names in the same order. */
interface Layout {
  readonly names: readonly string[];
  /** Of each name, the last place. */
  readonly lastOf: ReadonlyMap<string, number>;
}

let usual: Layout = { names: [], lastOf: new Map() };

function layoutOf(headers: readonly RecordHeader[]): Layout {
  const { names } = usual;
  if (names.length !== headers.length || !names.every((name, at) => headers[at]?.name === name)) {
    const found = headers.map(({ name }) => name);
    usual = { names: found, lastOf: new Map(found.map((name, at) => [name, at])) };
  }
  return usual;
}

/** A safe integer of at most 16 decimal digits; `null` for anything else. */
function readDigits(bytes: Uint8Array, from: number, to: number): number | null {
  if (to <= from || to - from > DIGITS_MAX) return null;
  let number = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return null;
    number = number * 10 + digit;
  }
  return Number.isSafeInteger(number) ? number : null;
}

interface Text {
  readonly bytes: Uint8Array;
  readonly text: string | null;
}

/** By header, some of its values, each at the place that its length and last bytes give it. */
const lately = new Map<string, (Text | undefined)[]>();

function textsOf(header: string): (Text | undefined)[] {
  const known = lately.get(header);
  if (known !== undefined) return known;
  if (lately.size >= HEADERS_REMEMBERED_MAX) lately.clear();
  const texts: (Text | undefined)[] = Array.from({ length: VALUES_REMEMBERED_MAX });
  lately.set(header, texts);
  return texts;
}

function slotOf(value: Uint8Array): number {
  const end = value.length;
  return (end * 7 + (value[end - 1] ?? 0) + (value[end - 2] ?? 0) * 31) % VALUES_REMEMBERED_MAX;
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = one.length - 1; at >= 0; at--) if (one[at] !== other[at]) return false;
  return true;
}

function readText(value: Uint8Array, charactersMax: number, form: RegExp | null): string | null {
  const text = value.length === 0 ? "" : printable(value, charactersMax);
  return text === "" || form?.test(text) === false ? null : text;
}

/**
 * Bytes as text that a terminal shows and does not obey: bytes that are no UTF-8 and control characters become `�` and spaces. At most
 * so many characters; `…` at the end says that there was more.
 */
export function printable(bytes: Uint8Array, charactersMax: number): string {
  const read = Math.min(bytes.length, charactersMax * BYTES_PER_CHARACTER_MAX);
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString("utf8", 0, read);
  const shown = unprintable.test(text) ? text.replace(allUnprintable, " ").trim() : text;
  return shown.length <= charactersMax && read === bytes.length ? shown : `${shown.slice(0, charactersMax - 2)} …`;
}
