import {
  type BustStep,
  type EntrySpec,
  type EntryState,
  encodeMarks,
  encodeSoftened,
  gateField,
  jsonVersion,
  type Marks,
  managedFields,
  managedState,
  noEntry,
  parseVersion,
  readMarks,
} from "@freshet/protocol";
import { hasGateKey, leavesFloor } from "./bust-calls.js";
import { gateKeyOf } from "./gate-key.js";
import { withMarks } from "./managed-entry.js";
import type { Keyspace, StoredKey } from "./memory-keyspace.js";
import { marksEndMs, marksKey } from "./memory-marks.js";

/** One entry, with the key of its version where its kind has one. */
export interface EntryAt {
  readonly key: string;
  readonly versionKey?: string | undefined;
  readonly entry: EntrySpec;
}

/** The store in memory has no other deployment beside it. */
export const MEMORY_PREFIX = "fr:";

/** What a step sees of an entry; `subject` `null` reads all deps of a managed one. */
export function readEntry(keys: Keyspace, at: EntryAt, { subject, nowUs }: { subject: string | null; nowUs: number }): EntryState {
  const content = keys.get(at.key)?.content;
  if (at.entry.kind === "managed") return content === undefined ? noEntry : managedState(content, subject, nowUs);
  return { ...noEntry, value: valueAt(keys, at, content), ...readMarks(marksText(keys, at), nowUs) };
}

function valueAt(keys: Keyspace, { versionKey, entry }: EntryAt, content: StoredKey["content"] | undefined): EntryState["value"] {
  const { kind, versionField } = entry;
  if (content === undefined) return null;
  if (kind === "opaque") return "opaque";
  if (kind === "companion") {
    const digits = versionKey === undefined ? undefined : keys.get(versionKey)?.content;
    return versionOf(typeof digits === "string" ? digits : "");
  }
  if ((typeof content === "string") === (kind === "hash")) return "foreign";
  if (typeof content === "object") {
    const hasMore = [...content.keys()].some((name) => name !== gateField);
    return hasMore ? versionOf(content.get(versionField) ?? "") : null;
  }
  return versionOf((kind === "json" ? jsonVersion(content, versionField) : /^(\d{1,20})\n/.exec(content)?.[1]) ?? "");
}

function versionOf(digits: string): EntryState["value"] {
  const version = parseVersion(digits);
  return version === null ? "unversioned" : { version };
}

function marksText(keys: Keyspace, { key, entry }: EntryAt): string | null {
  if (!leavesFloor(entry)) return null;
  if (hasGateKey(entry)) {
    const content = keys.get(gateKeyOf(MEMORY_PREFIX, key))?.content;
    return typeof content === "object" ? "?" : (content ?? null);
  }
  const content = keys.get(key)?.content;
  return typeof content === "object" ? (content.get(gateField) ?? null) : null;
}

/** Writes floors and lease where they belong: in place of nothing, beside a value, or into the gate. */
export function putMarks(keys: Keyspace, { key, entry }: EntryAt, marks: Marks): void {
  const place = hasGateKey(entry) ? gateKeyOf(MEMORY_PREFIX, key) : key;
  const stored = keys.get(place);
  const isBare = entry.kind !== "hash" && (stored === undefined || typeof stored.content === "string");
  if (isBare || hasGateKey(entry)) {
    keys.set(place, marksKey(marks, entry));
    return;
  }
  const content = new Map(typeof stored?.content === "object" ? stored.content : []);
  const text = encodeMarks(marks);
  if (entry.kind === "managed") content.set(managedFields.deps, withMarks(content.get(managedFields.deps) ?? "", marks));
  else if (text === "") content.delete(gateField);
  else content.set(gateField, text);
  const endMs = marksEndMs(marks, entry);
  const expireAtMs = stored === undefined ? endMs : stored.expireAtMs === null ? null : Math.max(stored.expireAtMs, endMs);
  keys.set(place, content.size === 0 ? undefined : { content, expireAtMs });
}

/** What a bust leaves. */
export function applyBust(keys: Keyspace, at: EntryAt, { before, done }: { before: EntryState; done: BustStep }): void {
  const { remove, soften, write } = done;
  const isGone = remove || before.value === null;
  if (isGone && !(before.value === null && write === null)) {
    keys.set(at.key, undefined);
    if (remove && at.versionKey !== undefined) keys.set(at.versionKey, undefined);
  }
  const stored = keys.get(at.key);
  if (soften !== null && soften !== before.softened && typeof stored?.content === "object") {
    const content = new Map(stored.content).set(managedFields.softened, encodeSoftened(soften));
    keys.set(at.key, { ...stored, content });
  }
  if (write !== null) putMarks(keys, at, write);
}
