/** Avro's numbers and logical types as JSON text. What cannot be said as its logical type stays what it is underneath. */

const DAY_MS = 86_400_000;
/** The years that RFC 3339 can write. */
const FIRST_MS = Date.parse("0000-01-01T00:00:00Z");
const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");
/** Significant digits that tell every 32-bit float from its neighbours. */
const FLOAT_DIGITS_MAX = 9;

/** A fraction is written as one, for a version of `5.0` is none; what JSON has no number for is a text. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** The shortest number that is this 32-bit float: 0.1, and not 0.10000000149011612. */
export function floatText(value: number): string {
  for (let digits = 1; digits < FLOAT_DIGITS_MAX; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return doubleText(short);
  }
  return doubleText(value);
}

export function base64Text(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")}"`;
}

/** A number with `scale` digits behind the point, of its two's complement, highest byte first. Needs at least one byte. */
export function decimalText(bytes: Uint8Array, scale: number): string {
  const unsigned = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const value = BigInt.asIntN(bytes.length * 8, unsigned);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `"${value < 0n ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(-scale)}`}"`;
}

export function dateText(days: number): string {
  const ms = days * DAY_MS;
  return isInRange(ms) ? `"${new Date(ms).toISOString().slice(0, 10)}"` : String(days);
}

/** RFC 3339 of a count of units since 1970; `digits` of a unit lie behind the seconds: 3, 6 or 9. */
export function timestampText(count: number | bigint, digits: 3 | 6 | 9): string {
  const perMs = 10n ** BigInt(digits - 3);
  const units = BigInt(count);
  const below = ((units % perMs) + perMs) % perMs;
  const ms = Number((units - below) / perMs);
  if (!isInRange(ms)) return units.toString();
  const fraction = digits === 3 ? "" : below.toString().padStart(digits - 3, "0");
  return `"${new Date(ms).toISOString().slice(0, -1)}${fraction}Z"`;
}

export function uuidText(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}"`;
}

function isInRange(ms: number): boolean {
  return ms >= FIRST_MS && ms <= LAST_MS;
}
