import type { BlindFloor, EntryState, Floor, Lease } from "./decide.js";
import { parseVersion, type Version } from "./version.js";

/**
 * How an entry lies in its Redis hash: field names and text encodings (`docs/reference/redis-layout.md`). Subjects and
 * tokens hold no control characters, which is what keeps these texts unambiguous.
 */
export const managedFields = {
  value: "v",
  deps: "d",
  keepUntil: "k",
  floors: "f",
  lease: "l",
  /** Named now, written by later releases. */
  reserved: { encoding: "c", tags: "t", epochs: "e", loadStart: "s", freshUntil: "u", softenedAt: "o", provisional: "p" },
} as const;

/** Where floors and lease lie in a `hash` entry that existing services write, in a family with a gate; elsewhere they do not count. */
export const gateFields = { floors: "fr:f", lease: "fr:l" } as const;

const BLIND_SUBJECT = "*";
const FLOOR = /^([^\n\t]+)\t(\d*)\t([hs])(0|[1-9]\d{0,15})$/;
const LEASE = /^([^\n\t]+)\t(\d{1,16})\t(\d{1,16})$/;
const TIME = /^(?:0|[1-9]\d{0,15})$/;

/** `\n<subject>\t<version>`, repeated; `""` for no deps. */
export function encodeDeps(deps: ReadonlyMap<string, Version>): string {
  let text = "";
  for (const [subject, version] of deps) text += `\n${subject}\t${version}`;
  return text;
}

/** All deps, for people and the cache SDK; a bust looks one up with `depOf`. */
function decodeDeps(text: string): ReadonlyMap<string, Version> | "unversioned" {
  const deps = new Map<string, Version>();
  for (const line of linesOf(text) ?? ["unreadable"]) {
    const tab = line.lastIndexOf("\t");
    const version = tab > 0 ? parseVersion(line.slice(tab + 1)) : null;
    if (version === null) return "unversioned";
    if (!deps.has(line.slice(0, tab))) deps.set(line.slice(0, tab), version);
  }
  return deps;
}

/**
 * The version a deps text holds of one subject, `null` when it has none. Looks at nothing else than the first line of
 * that subject, so the step on Redis costs the same for 1 dep and for 256.
 */
function depOf(text: string, subject: string): Version | null | "unversioned" {
  if (text !== "" && !text.startsWith("\n")) return "unversioned";
  const line = `\n${subject}\t`;
  const at = text.indexOf(line);
  if (at === -1) return null;
  const [digits = ""] = text.slice(at + line.length).split("\n", 1);
  return parseVersion(digits) ?? "unversioned";
}

/** `\n<subject>\t<version>\t<h|s><raisedAtUs>`, repeated; the blind floor last, with subject `*` and no version. */
export function encodeFloors({ floors, blindFloor }: Pick<EntryState, "floors" | "blindFloor">): string {
  let text = "";
  for (const { subject, version, mode, raisedAtUs } of floors) text += `\n${subject}\t${version}\t${mode.charAt(0)}${raisedAtUs}`;
  return blindFloor === null ? text : `${text}\n${BLIND_SUBJECT}\t\t${blindFloor.mode.charAt(0)}${blindFloor.raisedAtUs}`;
}

/**
 * Floors from their text. What cannot be read as a whole is `"unversioned"`: a step then takes it as a blind floor
 * raised now (`readFloors`).
 */
function decodeFloors(text: string): Pick<EntryState, "floors" | "blindFloor"> | "unversioned" {
  const floors: Floor[] = [];
  let blindFloor: BlindFloor | null = null;
  for (const line of linesOf(text) ?? ["unreadable"]) {
    const [, subject = "", digits = "", letter = "", at = ""] = FLOOR.exec(line) ?? [];
    const mode = letter === "h" ? "hard" : "soft";
    const version = parseVersion(digits);
    if (subject === BLIND_SUBJECT && digits === "") blindFloor = { mode, raisedAtUs: Number(at) };
    else if (version !== null && subject !== BLIND_SUBJECT) floors.push({ subject, version, mode, raisedAtUs: Number(at) });
    else return "unversioned";
  }
  return { floors, blindFloor };
}

/** The floors a step goes by: text that cannot be read counts as a blind floor raised now, which is stricter, never looser. */
export function readFloors(text: string | null, nowUs: number): Pick<EntryState, "floors" | "blindFloor"> {
  const floors = decodeFloors(text ?? "");
  return floors === "unversioned" ? { floors: [], blindFloor: { mode: "hard", raisedAtUs: nowUs } } : floors;
}

/** `<token>\t<startUs>\t<deadlineUs>`. */
export function encodeLease(lease: Lease): string {
  return `${lease.token}\t${lease.startUs}\t${lease.deadlineUs}`;
}

/** A lease from its text; one that cannot be read is none, so its holder's fill is refused. */
export function decodeLease(text: string): Lease | null {
  const [, token, start, deadline] = LEASE.exec(text) ?? [];
  return token === undefined ? null : { token, startUs: Number(start), deadlineUs: Number(deadline) };
}

/** What a step reads of a managed entry; `null` for a field that is not there. */
export interface ManagedFields {
  readonly deps: string | null;
  readonly keepUntil: string | null;
  readonly floors: string | null;
  readonly lease: string | null;
  /** Whether the hash has any field besides `f` and `l`. */
  readonly hasMore: boolean;
}

/** A managed entry as a step for `subject` sees it; with `null` all its deps are read. */
export function managedState(fields: ManagedFields, subject: string | null, nowUs: number): EntryState {
  const lease = fields.lease === null ? null : decodeLease(fields.lease);
  return { value: managedValue(fields, subject, nowUs), ...readFloors(fields.floors, nowUs), lease };
}

function managedValue({ deps, keepUntil, hasMore }: ManagedFields, subject: string | null, nowUs: number): EntryState["value"] {
  if (!hasMore) return null;
  if (keepUntil !== null && !TIME.test(keepUntil)) return "unversioned";
  if (keepUntil !== null && Number(keepUntil) <= nowUs) return null;
  if (deps === null) return "unversioned";
  if (subject === null) {
    const all = decodeDeps(deps);
    return all === "unversioned" ? all : { deps: all };
  }
  const version = depOf(deps, subject);
  return version === "unversioned" ? "unversioned" : { deps: new Map(version === null ? [] : [[subject, version]]) };
}

function linesOf(text: string): string[] | null {
  if (text === "") return [];
  return text.startsWith("\n") ? text.slice(1).split("\n") : null;
}
