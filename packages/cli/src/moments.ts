import { FreshetError } from "@freshet/protocol";

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const instantForm = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * A moment that an option names, in milliseconds since 1970: `90m` (so long ago), `2026-11-21` (its beginning, in UTC), or a time with its zone
 * (`2026-11-21T03:00Z`, `2026-11-21T04:00+01:00`). A time without a zone is refused: at 3 a.m. nobody knows which one is meant.
 *
 * @param option its name, for the error
 * @throws FreshetError `usage`
 */
export function readMoment(text: string, option: string, nowMs: number): number {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (digits !== undefined && unit !== undefined) return Math.max(0, nowMs - Number(digits) * (UNITS_MS[unit] ?? 1));
  const ms = instantForm.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms) && isOnCalendar(text)) return ms;
  const fix = "Write 90m, 24h or 7d for so long ago, or a time with its zone: 2026-11-21T03:00:00Z.";
  throw new FreshetError("FR1001", "usage", `${option} is not a time`, fix);
}

/** Of a day that is none, 30 February, `Date.parse` makes another. */
function isOnCalendar(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}
