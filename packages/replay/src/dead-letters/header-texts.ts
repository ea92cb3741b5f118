import type { RecordHeader } from "@freshet/protocol";

/** What the headers of a dead letter may make us hold and print: anyone who may write to the topic chose them. */
const NAME_CHARACTERS_MAX = 249;
const MESSAGE_CHARACTERS_MAX = 2048;
const COUNT_MAX = 1_000_000_000;

const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;
const allUnprintable = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/** Headers of one family by name, each read within bounds and none believed: `null` is missing, null or not what it should be. */
export class HeaderTexts {
  readonly #values: ReadonlyMap<string, Uint8Array | null>;

  constructor(values: ReadonlyMap<string, Uint8Array | null>) {
    this.#values = values;
  }

  /** A short text: a name, a class. */
  name(header: string): string | null {
    return this.#text(header, NAME_CHARACTERS_MAX);
  }

  /** A sentence; line breaks become spaces, and what is too long ends with `…`. */
  message(header: string): string {
    return this.#text(header, MESSAGE_CHARACTERS_MAX) ?? "";
  }

  /** A text that is exactly of this form. */
  match(header: string, form: RegExp): string | null {
    const text = this.name(header);
    return text !== null && form.test(text) ? text : null;
  }

  /** Decimal digits; `null` above `max`. */
  count(header: string, max: number = COUNT_MAX): number | null {
    const digits = this.match(header, /^\d{1,16}$/);
    return digits === null || Number(digits) > max ? null : Number(digits);
  }

  /** RFC 3339 in UTC, as it is written. */
  instant(header: string): string | null {
    const text = this.match(header, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/);
    return text === null || Number.isNaN(Date.parse(text)) ? null : text;
  }

  /** Big-endian and not negative, of exactly 4 or 8 bytes. */
  integer(header: string, bytes: 4 | 8): number | null {
    const value = this.#values.get(header);
    if (value?.length !== bytes) return null;
    const view = new DataView(value.buffer, value.byteOffset, bytes);
    const number = bytes === 4 ? view.getInt32(0) : Number(view.getBigInt64(0));
    return Number.isSafeInteger(number) && number >= 0 ? number : null;
  }

  #text(header: string, charactersMax: number): string | null {
    const value = this.#values.get(header);
    return value === undefined || value === null || value.length === 0 ? null : printable(value, charactersMax) || null;
  }
}

/**
 * Bytes as text that a terminal shows and does not obey: bytes that are no UTF-8 and control characters become `�` and spaces. At most
 * so many characters; `…` at the end says that there was more.
 */
export function printable(bytes: Uint8Array, charactersMax: number): string {
  const read = Math.min(bytes.length, charactersMax * 4);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, read).toString("utf8");
  const shown = unprintable.test(text) ? text.replace(allUnprintable, " ").trim() : text;
  return shown.length <= charactersMax && read === bytes.length ? shown : `${shown.slice(0, charactersMax - 2)} …`;
}

/** The headers that `takes` wants, by name, and the others in their order. Of a repeated one the last counts. */
export function partHeaders(
  headers: readonly RecordHeader[],
  takes: (name: string) => boolean,
): { readonly taken: ReadonlyMap<string, Uint8Array | null>; readonly others: readonly RecordHeader[] } {
  const taken = new Map<string, Uint8Array | null>();
  const others: RecordHeader[] = [];
  for (const header of headers) {
    if (takes(header.name)) taken.set(header.name, header.value);
    else others.push(header);
  }
  return { taken, others };
}
