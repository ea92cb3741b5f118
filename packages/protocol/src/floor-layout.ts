import type { BustMode } from "./bust.js";
import type { Lease } from "./entry-state.js";
import type { BlindFloor, Floor, Floors } from "./floors.js";
import { parseVersion } from "./version.js";

/** Floors and lease: what a key holds besides a value, or without one. */
export interface Marks extends Floors {
  readonly lease: Lease | null;
}

/** Always 16 digits, so that two times compare as texts. */
const TIME_DIGITS = 16;
const FLOOR = /^(\d{16})([hsHS])([^\n\t\f]+)\t(\d*)$/;
const BLIND = /^(\d{16})([hs])\*\t$/;
const BEGINS = /^(?:\n(?=l|\d)|\d{16}[hsHS])/;
const LEASE = /^l([^\n\t\f]+)\t(\d{1,16})\t(\d{1,16})$/;

/** One letter for two facts: `h` and `s` are the mode of a counter's bust, `H` and `S` of a timestamp's. */
function letterOf({ mode, spaceKind }: Pick<Floor, "mode" | "spaceKind">): string {
  const letter = mode.charAt(0);
  return spaceKind === "timestamp" ? letter.toUpperCase() : letter;
}

function modeOf(letter: string): BustMode {
  return letter.toLowerCase() === "h" ? "hard" : "soft";
}

/** `<raisedAtUs, 16 digits><letter><subject>\t<version>`; the blind one `<raisedAtUs><h|s>*\t`; a lease `l<token>\t<startUs>\t<deadlineUs>`. */
export function markLines({ floors, blindFloor, lease }: Marks): readonly string[] {
  const lines = floors.map((floor) => `${timeText(floor.raisedAtUs)}${letterOf(floor)}${floor.subject}\t${floor.version}`);
  if (blindFloor !== null) lines.push(`${timeText(blindFloor.raisedAtUs)}${blindFloor.mode.charAt(0)}*\t`);
  if (lease !== null) lines.push(`l${lease.token}\t${lease.startUs}\t${lease.deadlineUs}`);
  return lines;
}

function timeText(us: number): string {
  return String(us).padStart(TIME_DIGITS, "0");
}

/** What a key without a value holds, as a string: one floor bare, which is the commonest, or lines each led by a line break. `""` for nothing. */
export function encodeMarks(marks: Marks): string {
  const lines = markLines(marks);
  const [only = ""] = lines;
  const isOneFloor = lines.length === 1 && marks.floors.length === 1;
  return isOneFloor ? only : lines.map((line) => `\n${line}`).join("");
}

/** Floors alone, each led by a line break: the field of a tag's state and of a `hash` entry with a gate. */
export function encodeFloors(floors: Floors): string {
  return markLines({ ...floors, lease: null })
    .map((line) => `\n${line}`)
    .join("");
}

/** Whether a string is what Freshet leaves at a key without a value, by how it begins: anything else belongs to another service. */
export function isMarks(text: string): boolean {
  return BEGINS.test(text);
}

/**
 * The marks a step goes by. Text that cannot be read as a whole counts as a blind floor raised now, which is stricter,
 * never looser; a lease in it is none, so its holder's fill is refused.
 */
export function readMarks(text: string | null, nowUs: number): Marks {
  if (text === null || text === "") return { floors: [], blindFloor: null, lease: null };
  return marksOfLines(text.startsWith("\n") ? text.slice(1).split("\n") : [text], nowUs);
}

/** The same from lines without their line breaks. */
export function marksOfLines(lines: readonly string[], nowUs: number): Marks {
  const floors: Floor[] = [];
  let blindFloor: BlindFloor | null = null;
  let lease: Lease | null = null;
  for (const line of lines) {
    const found = readLine(line);
    if (found === null) return { floors: [], blindFloor: { mode: "hard", raisedAtUs: nowUs }, lease: null };
    if ("token" in found) lease = found;
    else if ("subject" in found) floors.push(found);
    else blindFloor = found;
  }
  return { floors, blindFloor, lease };
}

function readLine(line: string): Floor | BlindFloor | Lease | null {
  const [, blindAt, blindLetter = ""] = BLIND.exec(line) ?? [];
  if (blindAt !== undefined) return { mode: modeOf(blindLetter), raisedAtUs: Number(blindAt) };
  const [, token, start, deadline] = LEASE.exec(line) ?? [];
  if (token !== undefined) return { token, startUs: Number(start), deadlineUs: Number(deadline) };
  const [, at, letter = "", subject = "", digits = ""] = FLOOR.exec(line) ?? [];
  const version = parseVersion(digits);
  if (at === undefined || version === null || subject === "*") return null;
  return { subject, version, mode: modeOf(letter), spaceKind: letter < "a" ? "timestamp" : "counter", raisedAtUs: Number(at) };
}
