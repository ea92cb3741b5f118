import {
  type BustStep,
  decodeLease,
  type EntrySpec,
  type EntryState,
  encodeFloors,
  encodeLease,
  gateFields,
  jsonVersion,
  managedFields,
  managedState,
  parseVersion,
  readFloors,
} from "@freshet/protocol";

/** A key as Redis would hold it: a hash or a string, with a time after which it is gone. */
export interface StoredKey {
  readonly content: ReadonlyMap<string, string> | string;
  /** In milliseconds; `null` for never. */
  readonly expireAtMs: number | null;
}

/** What a step sees of a key; `subject` `null` reads all deps of a managed entry. */
export function readKey(stored: StoredKey | undefined, entry: EntrySpec, at: { subject: string | null; nowUs: number }): EntryState {
  const nothing: EntryState = { value: null, floors: [], blindFloor: null, lease: null };
  if (stored === undefined) return nothing;
  if (entry.kind === "opaque") return { ...nothing, value: "opaque" };
  const { content } = stored;
  const isText = typeof content === "string";
  if (isText !== (entry.kind === "json")) return { ...nothing, value: "foreign" };
  if (isText) {
    const version = jsonVersion(content, entry.versionField);
    return { ...nothing, value: version === null ? "unversioned" : { version } };
  }
  if (entry.kind === "managed") return readManaged(content, at);
  return readHash(content, entry, at.nowUs);
}

function readManaged(fields: ReadonlyMap<string, string>, { subject, nowUs }: { subject: string | null; nowUs: number }): EntryState {
  const { deps, keepUntil, floors, lease } = managedFields;
  const hasMore = hasFieldsBesides(fields, floors, lease);
  const get = (name: string) => fields.get(name) ?? null;
  const texts = { deps: get(deps), keepUntil: get(keepUntil), floors: get(floors), lease: get(lease), hasMore };
  return managedState(texts, subject, nowUs);
}

function readHash(fields: ReadonlyMap<string, string>, { versionField, gate }: EntrySpec, nowUs: number): EntryState {
  const floors = readFloors(gate ? (fields.get(gateFields.floors) ?? null) : null, nowUs);
  const leaseText = gate ? fields.get(gateFields.lease) : undefined;
  const lease = leaseText === undefined ? null : decodeLease(leaseText);
  if (!hasFieldsBesides(fields, gateFields.floors, gateFields.lease)) return { value: null, ...floors, lease };
  const version = parseVersion(fields.get(versionField) ?? "");
  return { value: version === null ? "unversioned" : { version }, ...floors, lease };
}

function hasFieldsBesides(fields: ReadonlyMap<string, string>, floors: string, lease: string): boolean {
  return fields.size > (fields.has(floors) ? 1 : 0) + (fields.has(lease) ? 1 : 0);
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
