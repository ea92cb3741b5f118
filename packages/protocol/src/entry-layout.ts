import { type EntryState, type Lifetime, noEntry, type Provisional, type Softened } from "./entry-state.js";
import { isMarks, type Marks, markLines, marksOfLines, readMarks } from "./floor-layout.js";
import { parseVersion, type Version } from "./version.js";

/**
 * How an entry lies in Redis (`docs/reference/redis-layout.md`, decision 0009). A key with a value is a hash of these
 * fields; a key without one, which holds floors and a lease only, is a string (`encodeMarks`). Subjects, tags and tokens
 * hold no control characters, which is what keeps these texts unambiguous.
 */
export const managedFields = {
  value: "v",
  /** Lifetime, encoding, deps, floors and lease in one field: every further field costs about 50 bytes and time in each bust. */
  deps: "d",
  softened: "o",
  provisional: "p",
  epochs: "e",
  tags: "t",
} as const;

/**
 * The field with floors and lease (`encodeMarks`) of a `hash` entry that existing services write, in a family with a gate;
 * elsewhere it does not count. A hash of nothing else has no value.
 */
export const gateField = "fr:f";

/** Before each mark in the field `d`: no subject holds it, so the deps before it stay what they are. */
const MARK = "\f";

const HEAD = /^(\d{0,16})\t(\d{0,16})\t(\d{0,16})\t([^\n\t]*)$/;
const PAIR = /^([^\n\t]+)\t(\d{1,16})$/;

/** The first line of the field `d`: when the value was loaded, how long it may be served, and how it is encoded. */
export interface EntryHead {
  readonly loadStartUs: number | null;
  readonly freshUntilUs: number | null;
  readonly keepUntilUs: number | null;
  /** The writer's own note on content type, compression, negative entries; no control characters. */
  readonly encoding: string;
}

const noMarks: Marks = { floors: [], blindFloor: null, lease: null };
const noHead: EntryHead = { loadStartUs: null, freshUntilUs: null, keepUntilUs: null, encoding: "" };

/**
 * The field `d`: `<loadStart>\t<freshUntil>\t<keepUntil>\t<encoding>`, or nothing, then `\n<subject>\t<version>` repeated, then
 * `\n\f` and a mark, repeated.
 */
export function encodeDeps(deps: ReadonlyMap<string, Version>, head: EntryHead = noHead, marks: Marks = noMarks): string {
  const times = [head.loadStartUs, head.freshUntilUs, head.keepUntilUs].map((time) => time ?? "");
  let text = [...times, head.encoding].every((part) => part === "") ? "" : `${times.join("\t")}\t${head.encoding}`;
  for (const [subject, version] of deps) text += `\n${subject}\t${version}`;
  for (const line of markLines(marks)) text += `\n${MARK}${line}`;
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
    if (line.startsWith(MARK)) continue;
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

/** A managed entry as a step for `subject` sees it; with `null` all its deps are read. A string is a key without a value. */
export function managedState(content: Fields | string, subject: string | null, nowUs: number): EntryState {
  if (typeof content === "string") return { ...noEntry, ...bareMarks(content, nowUs) };
  const deps = content.get(managedFields.deps);
  const lines = (deps ?? "")
    .split("\n")
    .slice(1)
    .filter((line) => line.startsWith(MARK));
  const marks = marksOfLines(
    lines.map((line) => line.slice(MARK.length)),
    nowUs,
  );
  return { ...lifetimeOf(content), ...marks, value: managedValue(deps, subject) };
}

/** A string that is no marks is some other service's, as is a hash without `d`: data of another type. */
function bareMarks(text: string, nowUs: number): Partial<EntryState> {
  return isMarks(text) ? readMarks(text, nowUs) : { value: "foreign" };
}

function managedValue(text: string | undefined, subject: string | null): EntryState["value"] {
  if (text === undefined) return "foreign";
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
