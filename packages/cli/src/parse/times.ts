import { InvalidArgumentError } from "commander";

const unitsMs = new Map([
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** `30s`, `5m`, `2h`, `7d` as milliseconds. */
export function readTime(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = unitsMs.get(unit);
  if (digits === undefined || unitMs === undefined) throw new InvalidArgumentError("It must be a time such as 30s, 5m, 2h or 7d.");
  return Number(digits) * unitMs;
}
