import {
  type BustStep,
  type EntrySpec,
  type EntryState,
  encodeFloors,
  encodeLease,
  gateFields,
  gateMarks,
  jsonVersion,
  managedFields,
  managedState,
  marksOf,
  noEntry,
  parseVersion,
} from "@freshet/protocol";

/** A key as Redis would hold it: a hash or a string, with a time after which it is gone. */
export interface StoredKey {
  readonly content: ReadonlyMap<string, string> | string;
  /** In milliseconds; `null` for never. */
  readonly expireAtMs: number | null;
}

/** What a step sees of a key; `subject` `null` reads all deps of a managed entry. */
export function readKey(stored: StoredKey | undefined, entry: EntrySpec, at: { subject: string | null; nowUs: number }): EntryState {
  if (stored === undefined) return noEntry;
  if (entry.kind === "opaque") return { ...noEntry, value: "opaque" };
  const { content } = stored;
  const isText = typeof content === "string";
  if (isText !== (entry.kind === "json")) return { ...noEntry, value: "foreign" };
  if (isText) {
    const version = jsonVersion(content, entry.versionField);
    return { ...noEntry, value: version === null ? "unversioned" : { version } };
  }
  if (entry.kind === "managed") return managedState(content, at.subject, at.nowUs);
  return readHash(content, entry, at.nowUs);
}

function readHash(fields: ReadonlyMap<string, string>, { versionField, gate }: EntrySpec, nowUs: number): EntryState {
  const marks = gate ? marksOf(fields, gateFields, nowUs) : {};
  if (![...fields.keys()].some((name) => !gateMarks.has(name))) return { ...noEntry, ...marks };
  const version = parseVersion(fields.get(versionField) ?? "");
  return { ...noEntry, ...marks, value: version === null ? "unversioned" : { version } };
}

/** What a key is after a step; `undefined` when nothing is left. */
export function applyStep(
  stored: StoredKey | undefined,
  entry: EntrySpec,
  step: { before: EntryState; done: BustStep },
): StoredKey | undefined {
  const { remove, write } = step.done;
  if (write === null) return remove ? undefined : stored;
  const isKept = step.before.value !== null && !remove;
  const names = entry.kind === "managed" ? managedFields : gateFields;
  const oldFields = !isKept || stored === undefined || typeof stored.content === "string" ? [] : stored.content;
  const fields = new Map(oldFields);
  const text = encodeFloors(write);
  if (text !== "") fields.set(names.floors, text);
  if (write.lease !== null) fields.set(names.lease, encodeLease(write.lease));
  if (fields.size === 0) return undefined;
  return { content: fields, expireAtMs: expiry(isKept ? stored : undefined, entry, write) };
}

/** The latest of lease deadline, floor ends and, for a value that stays, its old time. */
function expiry(kept: StoredKey | undefined, entry: EntrySpec, write: Pick<EntryState, "floors" | "blindFloor" | "lease">): number | null {
  if (kept?.expireAtMs === null) return null;
  const raisedAts = [...write.floors, ...(write.blindFloor === null ? [] : [write.blindFloor])].map((floor) => floor.raisedAtUs);
  const endsUs = [...raisedAts.map((raisedAt) => raisedAt + entry.floorTtlMs * 1000), write.lease?.deadlineUs ?? 0];
  return Math.max(Math.ceil(Math.max(...endsUs) / 1000), kept?.expireAtMs ?? 0);
}
