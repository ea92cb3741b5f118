/** The years 0000 to 9999. */
const MS_MIN = -62_167_219_200_000;
const MS_MAX = 253_402_300_799_999;

/** Milliseconds since 1970 as RFC 3339; `null` for what cannot be written so: producers may stamp records with anything. */
export function instantText(ms: number | null): string | null {
  return ms !== null && ms >= MS_MIN && ms <= MS_MAX ? new Date(ms).toISOString() : null;
}

/** The same with the nearest that can be written in place of what cannot. */
export function instantNear(ms: number): string {
  return new Date(Math.min(Math.max(ms, MS_MIN), MS_MAX)).toISOString();
}
