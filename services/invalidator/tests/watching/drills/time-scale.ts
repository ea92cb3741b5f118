/**
 * The files of `infra/prometheus` and `infra/alertmanager` with their times divided, so that hours pass in minutes. Only
 * how long things last is touched: `for`, ranges, offsets, intervals and waits. Seconds that the service itself measures
 * (`> 60`) and how long it may take to answer stay, for its clock is not divided.
 */

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
const DURATION = "(?:\\d+(?:ms|[smhdwy]))+";
const KEYS = [
  "for",
  "keep_firing_for",
  "interval",
  "scrape_interval",
  "evaluation_interval",
  "eval_time",
  "group_wait",
  "group_interval",
  "repeat_interval",
].join("|");
const PLACES = [
  // `for: 1m`, at the beginning of a line or within braces
  new RegExp(`(?<=(?:^|[\\s{,])(?:${KEYS}): )${DURATION}(?=[\\s,}]|$)`, "g"),
  // `[5m]`, and both times of `[5m:1m]`
  new RegExp(`(?<=\\[|\\[${DURATION}:)${DURATION}(?=[\\]:])`, "g"),
  new RegExp(`(?<=\\boffset -?)${DURATION}\\b`, "g"),
] as const;

/**
 * The text of such a file, its times divided by the scale; at 1 the very text that was given.
 *
 * @param scale above 0: at 5, a minute of the file lasts 12 s.
 */
export function scaleTimes(text: string, scale: number): string {
  if (scale === 1) return text;
  return text
    .split("\n")
    .map((line) => (line.trimStart().startsWith("#") ? line : scaleLine(line, scale)))
    .join("\n");
}

function scaleLine(line: string, scale: number): string {
  return PLACES.reduce((scaled, place) => scaled.replace(place, (duration) => durationText(durationMs(duration) / scale)), line);
}

/** @returns milliseconds of Prometheus' `1h30m`. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)];
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0);
}

/** As Prometheus reads it, to the millisecond, and never 0: that would mean something else. */
export function durationText(ms: number): string {
  const whole = Math.max(1, Math.round(ms));
  return whole % 1000 === 0 ? `${whole / 1000}s` : `${whole}ms`;
}

/** A stated time at a scale. What the service itself takes of it stays as it is; it may be more than what is stated. */
export function limitAt(statedMs: number, serviceMs: number, scale: number): number {
  return serviceMs + Math.max(0, statedMs - serviceMs) / scale;
}
