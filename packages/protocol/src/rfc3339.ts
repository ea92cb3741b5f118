const PATTERN = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_TO_1970 = 719_162;

/**
 * An RFC 3339 date-time as microseconds since 1970, or `null` when it is not one (digits below a microsecond are cut). From 2255 on it is
 * the nearest number there is.
 * Written here because `Date` keeps milliseconds only, and accepts far more than the RFC.
 */
export function parseRfc3339(text: string): number | null {
  const parts = parseParts(text);
  return parts === null ? null : parts.seconds * 1_000_000 + parts.microseconds;
}

/** The same in digits, all of them; `null` also for what is before 1970. */
export function rfc3339Digits(text: string): string | null {
  const parts = parseParts(text);
  if (parts === null || parts.seconds < 0) return null;
  const { seconds, microseconds } = parts;
  return seconds === 0 ? `${microseconds}` : `${seconds}${`${microseconds}`.padStart(6, "0")}`;
}

interface Parts {
  /** Since 1970, below 0 before it. */
  readonly seconds: number;
  /** 0 to 999,999, on top of the seconds. */
  readonly microseconds: number;
}

function parseParts(text: string): Parts | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(toInteger);
  const [offsetHours = 0, offsetMinutes = 0] = match.slice(9, 11).map(toInteger);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60 || offsetHours > 23 || offsetMinutes > 59) return null;
  const offsetS = (match[8] === "-" ? -1 : 1) * (offsetHours * 3600 + offsetMinutes * 60);
  const seconds = daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offsetS;
  const microseconds = toInteger((match[7] ?? "").slice(0, 6).padEnd(6, "0"));
  return { seconds, microseconds };
}

function toInteger(digits: string | undefined): number {
  return digits === undefined ? 0 : Number.parseInt(digits, 10);
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function daysSince1970(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const inYear = (DAYS_BEFORE_MONTH[month - 1] ?? 0) + (month > 2 && isLeap(year) ? 1 : 0) + day - 1;
  return before * 365 + leapDays + inYear - DAYS_TO_1970;
}
