import { type EntryState, type Lease, type Lifetime, noEntry, type Provisional, type Softened } from "./entry-state.js";
import { decodeFloors } from "./floor-layout.js";
import { parseVersion, type Version } from "./version.js";

/**
 * How an entry lies in its Redis hash: field names and text encodings (`docs/reference/redis-layout.md`). Subjects, tags
 * and tokens hold no control characters, which is what keeps these texts unambiguous.
 */
export const managedFields = {
  value: "v",
  /** Lifetime, encoding and deps in one field: every further field costs about 50 bytes. */
  deps: "d",
  floors: "f",
  lease: "l",
  softened: "o",
  provisional: "p",
  epochs: "e",
  tags: "t",
} as const;

/** Where floors and lease lie in a `hash` entry that existing services write, in a family with a gate; elsewhere they do not count. */
export const gateFields = { floors: "fr:f", lease: "fr:l" } as const;

/** The fields of a managed entry that are no value: what a bust leaves behind. */
export const managedMarks: ReadonlySet<string> = new Set([managedFields.floors, managedFields.lease]);
/** The same, of a `hash` entry with a gate. */
export const gateMarks: ReadonlySet<string> = new Set([gateFields.floors, gateFields.lease]);

const HEAD = /^(\d{0,16})\t(\d{0,16})\t(\d{0,16})\t([^\n\t]*)$/;
const PAIR = /^([^\n\t]+)\t(\d{1,16})$/;
const TRIPLE = /^([^\n\t]+)\t(\d{1,16})\t(\d{1,16})$/;

/** The first line of the field `d`: when the value was loaded, how long it may be served, and how it is encoded. */
export interface EntryHead {
  readonly loadStartUs: number | null;
  readonly freshUntilUs: number | null;
  readonly keepUntilUs: number | null;
  /** The writer's own note on content type, compression, negative entries; no control characters. */
  readonly encoding: string;
}

const noHead: EntryHead = { loadStartUs: null, freshUntilUs: null, keepUntilUs: null, encoding: "" };

/** `<loadStart>\t<freshUntil>\t<keepUntil>\t<encoding>`, or nothing, then `\n<subject>\t<version>` repeated. */
export function encodeDeps(deps: ReadonlyMap<string, Version>, head: EntryHead = noHead): string {
  const times = [head.loadStartUs, head.freshUntilUs, head.keepUntilUs].map((time) => time ?? "");
  let text = [...times, head.encoding].every((part) => part === "") ? "" : `${times.join("\t")}\t${head.encoding}`;
  for (const [subject, version] of deps) text += `\n${subject}\t${version}`;
  return text;
}

/** The head of a field `d`; `null` when it cannot be read, which makes the entry a miss for readers. */
export function decodeHead(text: string): EntryHead | null {
  const [line = ""] = text.split("\n", 1);
  if (line === "") return noHead;
  const match = HEAD.exec(line);
  if (match === null) return null;
  const [, loadStart, freshUntil, keepUntil, encoding = ""] = match;
  const time = (digits: string | undefined) => (digits === undefined || digits === "" ? null : Number(digits));
  return { loadStartUs: time(loadStart), freshUntilUs: time(freshUntil), keepUntilUs: time(keepUntil), encoding };
}

/** All deps, for readers and fills; a bust looks one up with `depOf`. */
function decodeDeps(text: string): ReadonlyMap<string, Version> | "unversioned" {
  const deps = new Map<string, Version>();
  for (const line of text.split("\n").slice(1)) {
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
  const line = `\n${subject}\t`;
  const at = text.indexOf(line);
  if (at === -1) return null;
  const [digits = ""] = text.slice(at + line.length).split("\n", 1);
  return parseVersion(digits) ?? "unversioned";
}

/** `<token>\t<startUs>\t<deadlineUs>`. */
export function encodeLease(lease: Lease): string {
  return `${lease.token}\t${lease.startUs}\t${lease.deadlineUs}`;
}

/** A lease from its text; one that cannot be read is none, so its holder's fill is refused. */
export function decodeLease(text: string): Lease | null {
  const [, token, start, deadline] = TRIPLE.exec(text) ?? [];
  return token === undefined ? null : { token, startUs: Number(start), deadlineUs: Number(deadline) };
}

/** `<atUs>\t<keepUntilUs>`. */
export function encodeSoftened({ atUs, keepUntilUs }: Softened): string {
  return `${atUs}\t${keepUntilUs}`;
}

/** What cannot be read was softened long ago: nobody is served it. */
function decodeSoftened(text: string): Softened {
  const [, at, keepUntil] = PAIR.exec(text) ?? [];
  return { atUs: Number(at ?? 0), keepUntilUs: Number(keepUntil ?? 0) };
}

/** `<token>\t<deadlineUs>`. */
export function encodeProvisional({ token, deadlineUs }: Provisional): string {
  return `${token}\t${deadlineUs}`;
}

/** What cannot be read is provisional for ever, so nobody is served it and nobody can promote it. */
function decodeProvisional(text: string): Provisional {
  const [, token = "", deadline] = PAIR.exec(text) ?? [];
  return { token, deadlineUs: Number(deadline ?? 0) };
}

/** `\n<tag>\t<generation>` repeated. */
export function encodeEpochs(epochs: ReadonlyMap<string, number>): string {
  let text = "";
  for (const [tag, generation] of epochs) text += `\n${tag}\t${generation}`;
  return text;
}

/** What cannot be read is an epoch nobody knows: a miss. */
function decodeEpochs(text: string): ReadonlyMap<string, number> {
  const epochs = new Map<string, number>();
  for (const line of text.split("\n").slice(1)) {
    const [, tag = "", generation = "-1"] = PAIR.exec(line) ?? [];
    epochs.set(tag, Number(generation));
  }
  return epochs;
}

/** `\n<tag>` repeated: the swept tags in whose index the entry is. */
export function encodeTags(tags: readonly string[]): string {
  return tags.map((tag) => `\n${tag}`).join("");
}

/** Swept tags from their text. */
export function decodeTags(text: string): readonly string[] {
  return text.split("\n").slice(1);
}

/** The fields of a hash, some of them or all. */
export type Fields = ReadonlyMap<string, string>;

/** A managed entry as a step for `subject` sees it; with `null` all its deps are read. */
export function managedState(fields: Fields, subject: string | null, nowUs: number): EntryState {
  const marks = marksOf(fields, managedFields, nowUs);
  const hasMore = [...fields.keys()].some((name) => !managedMarks.has(name));
  if (!hasMore) return { ...noEntry, ...marks };
  const deps = fields.get(managedFields.deps);
  return { ...marks, value: managedValue(deps, subject), ...lifetimeOf(fields) };
}

/** Floors and lease, wherever they lie. */
export function marksOf(
  fields: Fields,
  names: { readonly floors: string; readonly lease: string },
  nowUs: number,
): Pick<EntryState, "floors" | "blindFloor" | "lease"> {
  const lease = fields.get(names.lease);
  return { ...readFloors(fields.get(names.floors) ?? null, nowUs), lease: lease === undefined ? null : decodeLease(lease) };
}

function managedValue(text: string | undefined, subject: string | null): EntryState["value"] {
  if (text === undefined) return "unversioned";
  if (subject === null) {
    const all = decodeDeps(text);
    return all === "unversioned" ? all : { deps: all };
  }
  const version = depOf(text, subject);
  return version === "unversioned" ? "unversioned" : { deps: new Map(version === null ? [] : [[subject, version]]) };
}

function lifetimeOf(fields: Fields): Lifetime {
  const { deps, softened, provisional, epochs } = managedFields;
  const read = <T>(name: string, decode: (text: string) => T): T | null => {
    const text = fields.get(name);
    return text === undefined ? null : decode(text);
  };
  // A head that cannot be read: kept until 0, so nobody is served it.
  const head = decodeHead(fields.get(deps) ?? "") ?? { ...noHead, keepUntilUs: 0 };
  const { loadStartUs, freshUntilUs, keepUntilUs } = head;
  return {
    loadStartUs,
    freshUntilUs,
    keepUntilUs,
    softened: read(softened, decodeSoftened),
    provisional: read(provisional, decodeProvisional),
    epochs: read(epochs, decodeEpochs) ?? new Map(),
  };
}

/** The floors a step goes by: text that cannot be read counts as a blind floor raised now, which is stricter, never looser. */
export function readFloors(text: string | null, nowUs: number): Pick<EntryState, "floors" | "blindFloor"> {
  const floors = decodeFloors(text ?? "");
  return floors === "unversioned" ? { floors: [], blindFloor: { mode: "hard", raisedAtUs: nowUs } } : floors;
}
