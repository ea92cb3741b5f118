/**
 * An oracle of the end state, written apart from the product: it imports nothing from `packages/`, decodes the records
 * itself, compares versions as BigInt and knows the workload's rules by heart (`rulesFile` in `workload.ts`).
 *
 * It knows no order. That is the promise: whatever the order, repetition and number of restarts, the end is the same.
 */
import { classify } from "./oracle-records.js";

/** A record as it was sent. Headers are in wire order; names may repeat, values may be null. */
export interface SentRecord {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
}

/** What lies under a key of Redis. */
export type Contents =
  | { readonly type: "none" }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "hash"; readonly fields: ReadonlyMap<string, string> };

export interface ManagedContents {
  /** `null`: no value, perhaps floors. */
  readonly value: string | null;
  readonly deps: ReadonlyMap<string, string>;
  readonly floors: ReadonlyMap<string, string>;
}

/** An entry before the first record. A managed one is told by meaning, or as `raw` where it is no managed entry at all. */
export type InitialEntry =
  | { readonly kind: "managed"; readonly key: string; readonly managed: ManagedContents }
  | { readonly kind: "managed" | "hash" | "json" | "opaque"; readonly key: string; readonly raw: Contents };

/** An entry after the last record: as it was before, or gone; and the floors of a managed one, subject → version. */
export interface ExpectedEntry {
  readonly value: "unchanged" | "gone";
  readonly floors: ReadonlyMap<string, string>;
}

export interface Expected {
  /** Every key that was there before, or that a bust names. */
  readonly entries: ReadonlyMap<string, ExpectedEntry>;
  /** Index in the list of records → reason. */
  readonly poison: ReadonlyMap<number, string>;
  /** Records by how they end. Which of two versions came first decides between `applied` and `covered` for some. */
  readonly counts: {
    readonly noMatch: number;
    readonly ignored: number;
    readonly dead: number;
    readonly appliedOrCovered: number;
    readonly appliedAtLeast: number;
    readonly coveredAtLeast: number;
  };
}

export interface Bust {
  readonly family: "managed" | "hash" | "json" | "opaque";
  readonly key: string;
  readonly subject: string;
  readonly version: bigint;
}

export function foretell(input: { keyPrefix: string; initial: readonly InitialEntry[]; sent: readonly SentRecord[] }): Expected {
  const poison = new Map<number, string>();
  const bustsOf: (readonly Bust[])[] = [];
  let noMatch = 0;
  let ignored = 0;
  input.sent.forEach((record, at) => {
    const verdict = classify(record, input.keyPrefix);
    if (verdict.kind === "dead") poison.set(at, verdict.reason);
    else if (verdict.kind === "busts") bustsOf.push(verdict.busts);
    else if (verdict.kind === "ignored") ignored++;
    else noMatch++;
  });
  const initial = new Map(input.initial.map((entry) => [entry.key, entry]));
  const byKey = Map.groupBy(bustsOf.flat(), (bust) => bust.key);
  const entries = new Map<string, ExpectedEntry>();
  for (const entry of input.initial) entries.set(entry.key, endOf(entry, byKey.get(entry.key) ?? []));
  for (const [key, busts] of byKey) if (!initial.has(key)) entries.set(key, { value: "gone", floors: floorsOf(undefined, busts) });
  const survives = (bust: Bust) => isCovered(initial.get(bust.key), bust) && entries.get(bust.key)?.value === "unchanged";
  return {
    entries,
    poison,
    counts: {
      noMatch,
      ignored,
      dead: poison.size,
      appliedOrCovered: bustsOf.length,
      appliedAtLeast: bustsOf.filter((busts) => busts.some((bust) => !isCovered(initial.get(bust.key), bust))).length,
      coveredAtLeast: bustsOf.filter((busts) => busts.every(survives)).length,
    },
  };
}

function endOf(entry: InitialEntry, busts: readonly Bust[]): ExpectedEntry {
  const gone = busts.some((bust) => !isCovered(entry, bust)) && !isKept(entry);
  return { value: gone || isEmpty(entry) ? "gone" : "unchanged", floors: floorsOf(entry, busts) };
}

function isEmpty(entry: InitialEntry): boolean {
  return "managed" in entry ? entry.managed.value === null : entry.raw.type === "none";
}

/** The family of JSON pages says `onUnversioned: keep`, the others bust what they cannot read. */
function isKept(entry: InitialEntry): boolean {
  return entry.kind === "json" && versionHeld(entry, "") === "unversioned";
}

/** Only managed entries have floors: the highest version that ever came for each subject. */
function floorsOf(entry: InitialEntry | undefined, busts: readonly Bust[]): Map<string, string> {
  const floors = new Map<string, string>(entry !== undefined && "managed" in entry ? entry.managed.floors : []);
  for (const { family, subject, version } of busts) {
    if (family !== "managed") continue;
    const held = floors.get(subject);
    if (held === undefined || version > BigInt(held)) floors.set(subject, version.toString());
  }
  return floors;
}

/** Whether the entry as it was at first is at least as new as the event. What is not there covers nothing. */
function isCovered(entry: InitialEntry | undefined, bust: Bust): boolean {
  const held = entry === undefined ? "unversioned" : versionHeld(entry, bust.subject);
  return held !== "unversioned" && held >= bust.version;
}

function versionHeld(entry: InitialEntry, subject: string): bigint | "unversioned" {
  if ("managed" in entry) return entry.managed.value === null ? "unversioned" : canonical(entry.managed.deps.get(subject));
  const { raw, kind } = entry;
  if (kind === "hash" && raw.type === "hash") return canonical(raw.fields.get("rev"));
  if (kind === "json" && raw.type === "string") return canonical(topLevelVersion(raw.value));
  return "unversioned";
}

function canonical(text: string | undefined): bigint | "unversioned" {
  return text !== undefined && /^(0|[1-9][0-9]{0,19})$/.test(text) ? BigInt(text) : "unversioned";
}

/** The member `version` of a JSON object in its own digits, be it a number or a string of digits. */
function topLevelVersion(json: string): string | undefined {
  const digits = new Map<unknown, string>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(json, (_name, value: unknown, context?: { source?: string }) => {
      if (typeof value !== "number") return value;
      const boxed = { number: context?.source ?? "" };
      digits.set(boxed, boxed.number);
      return boxed;
    });
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed) || !Object.hasOwn(parsed, "version")) return undefined;
  const version = (parsed as { version: unknown }).version;
  return typeof version === "string" ? version : digits.get(version);
}
