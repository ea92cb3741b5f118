const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** Ten years: longer is a typing error, and microseconds of it are still exact numbers. */
export const durationMaxMs = 3650 * 86_400_000;

/** `250ms`, `5s`, `10m`, `24h`, `7d` in milliseconds; the text has passed the schema. */
export function durationMs(text: string): number {
  const [, digits = "0", unit = "ms"] = /^(\d+)([a-z]+)$/.exec(text) ?? [];
  return Number.parseInt(digits, 10) * (UNIT_MS.get(unit) ?? 1);
}

/** Milliseconds in the unit a person would write: 7250 → `7250ms`, 5000 → `5s`. */
export function durationText(ms: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    const unitMs = UNIT_MS.get(unit) ?? 1;
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}
