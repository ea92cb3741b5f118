import type { BustMode } from "./bust.js";
import type { BlindFloor, Floor, Floors } from "./floors.js";
import { parseVersion } from "./version.js";

const BLIND_SUBJECT = "*";
const FLOOR = /^([^\n\t]+)\t(\d*)\t([hsHS])(0|[1-9]\d{0,15})$/;

/** One letter for two facts: `h` and `s` are the mode of a counter's bust, `H` and `S` of a timestamp's. */
export function letterOf({ mode, spaceKind }: Pick<Floor, "mode" | "spaceKind">): string {
  const letter = mode.charAt(0);
  return spaceKind === "timestamp" ? letter.toUpperCase() : letter;
}

function factsOf(letter: string): { mode: BustMode; spaceKind: Floor["spaceKind"] } {
  return { mode: letter.toLowerCase() === "h" ? "hard" : "soft", spaceKind: letter < "a" ? "timestamp" : "counter" };
}

/** `\n<subject>\t<version>\t<letter><raisedAtUs>`, repeated; the blind floor last, with subject `*` and no version. */
export function encodeFloors({ floors, blindFloor }: Floors): string {
  let text = "";
  for (const floor of floors) text += `\n${floor.subject}\t${floor.version}\t${letterOf(floor)}${floor.raisedAtUs}`;
  return blindFloor === null ? text : `${text}\n${BLIND_SUBJECT}\t\t${blindFloor.mode.charAt(0)}${blindFloor.raisedAtUs}`;
}

/** Floors from their text; `"unversioned"` when it cannot be read as a whole. */
export function decodeFloors(text: string): Floors | "unversioned" {
  const floors: Floor[] = [];
  let blindFloor: BlindFloor | null = null;
  if (text !== "" && !text.startsWith("\n")) return "unversioned";
  for (const line of text.split("\n").slice(1)) {
    const [, subject = "", digits = "", letter = "", at = ""] = FLOOR.exec(line) ?? [];
    const facts = factsOf(letter);
    const version = parseVersion(digits);
    if (subject === BLIND_SUBJECT && digits === "") blindFloor = { mode: facts.mode, raisedAtUs: Number(at) };
    else if (version !== null && subject !== BLIND_SUBJECT) floors.push({ subject, version, ...facts, raisedAtUs: Number(at) });
    else return "unversioned";
  }
  return { floors, blindFloor };
}
