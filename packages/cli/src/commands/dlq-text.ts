import type { DeadLetterList } from "@freshet/replay";

export const COLUMNS = 80;

type Report = Pick<DeadLetterList, "window" | "wanted" | "open" | "resolved" | "unanswered">;

/** What was scanned, and what of it was wanted: before anything else, for numbers without their window mislead. */
export function scannedLines({ window, wanted, open, resolved, unanswered }: Report): readonly string[] {
  const { topic, since, until, ranges, letters, oldest, newest, complete } = window;
  const from = since === null ? "from its beginning" : `written since ${shortInstant(since)}`;
  const to = until === null ? "to its end" : `and before ${shortInstant(until)}`;
  const times = letters === 0 ? "" : `, written ${spanText(oldest, newest)}`;
  const marks = open === null ? "nobody marks these as resolved" : `${number(open)} open, ${number(resolved ?? 0)} resolved`;
  const lines = [
    `scanned ${topic} ${from} ${to}:`,
    `  ${plural(letters, "letter")} in ${plural(ranges.length, "partition")}${times}`,
    ...(complete ? [] : ["  INCOMPLETE: stopped before the end, so there may be more than this"]),
    `wanted ${number(wanted)}: ${marks}`,
  ];
  if (unanswered === null) return lines.flatMap((line) => wrap(line, "  "));
  const { noEvent, failed } = unanswered;
  const said = `--where had no answer for ${number(noEvent + failed)}: ${number(noEvent)} without an event, ${number(failed)} not evaluated`;
  return [...lines, `  ${said}`].flatMap((line) => wrap(line, "  "));
}

/** Breaks a line between words, so that it fits a terminal; what follows is indented so. */
export function wrap(line: string, indent: string, columns: number = COLUMNS): readonly string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(" ", columns);
    const at = space > indent.length ? space : columns;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${indent}${rest.slice(at).trimStart()}`;
  }
  return [...lines, rest];
}

export function number(value: number): string {
  return value.toLocaleString("en");
}

export function plural(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Without milliseconds where there are none. */
export function shortInstant(instant: string | null): string {
  return instant?.replace(".000Z", "Z") ?? "at no time that a calendar has";
}

export function spanText(first: string | null, last: string | null): string {
  return first === last ? shortInstant(first) : `${shortInstant(first)} to ${shortInstant(last)}`;
}
