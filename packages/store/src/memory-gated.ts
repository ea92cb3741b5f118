import {
  type EntrySpec,
  type EntryState,
  encodeMarks,
  gateField,
  jsonVersion,
  type lease,
  type Marks,
  noEntry,
  parseVersion,
  readMarks,
  type setIfNewer,
} from "@freshet/protocol";
import { checkLease, checkSet } from "./entry-requests.js";
import { gateKeyOf } from "./gate-key.js";
import type { StoredKey } from "./memory-keys.js";
import type { Keyspace } from "./memory-keyspace.js";
import { liveMarks, marksEndMs, marksKey } from "./memory-marks.js";
import type { LeaseReply, LeaseRequest, SetReply, SetRequest } from "./port.js";

/** The store in memory has no other deployment beside it. */
const PREFIX = "fr:";

/** Where a step is done, and by which functions. */
interface Place {
  readonly keys: Keyspace;
  readonly steps: { readonly lease: typeof lease; readonly setIfNewer: typeof setIfNewer };
}

interface Gated {
  readonly key: string;
  readonly versionKey?: string;
  readonly entry: EntrySpec;
}

/** The lease of an entry that an existing service reads and writes itself. */
export function leaseGated({ keys, steps }: Place, request: LeaseRequest): LeaseReply {
  checkLease(request);
  const { entry } = request;
  const nowUs = keys.nowUs();
  const state = gatedState(keys, request, nowUs);
  const step = steps.lease(state, { ...request, epochs: new Map(), floorTtlMs: entry.floorTtlMs, nowUs });
  if (step.outcome === "hit") return { outcome: "hit", stored: null, atUs: nowUs };
  if ("waitMs" in step) return { outcome: step.outcome, stored: null, waitMs: step.waitMs, atUs: nowUs };
  const { outcome, write, min } = step;
  if (write !== null && write !== state.lease) putMarks(keys, request, { ...liveMarks(state, { entry, nowUs }), lease: write });
  return { outcome, stored: null, min, leaseStartUs: write?.startUs ?? nowUs, atUs: nowUs };
}

/** Writes such an entry, unless a floor or what is there is newer; its lease is given up either way. */
export function setGated({ keys, steps }: Place, request: SetRequest): SetReply {
  checkSet(request);
  const { entry, token } = request;
  const nowUs = keys.nowUs();
  const state = gatedState(keys, request, nowUs);
  const step = steps.setIfNewer(state, { ...request, floorTtlMs: entry.floorTtlMs, nowUs });
  if (step.outcome === "refused" && step.reason === "lease_lost") return step;
  const live = liveMarks(state, { entry, nowUs });
  const marks = { ...live, lease: token === null ? live.lease : null };
  if (step.outcome === "stored") store(keys, request, { marks, nowUs });
  if (token !== null && state.value !== "foreign") putMarks(keys, request, marks);
  return step;
}

function gatedState(keys: Keyspace, { key, versionKey, entry }: Gated, nowUs: number): EntryState {
  const value = gatedValue(keys.get(key)?.content, entry, versionKey === undefined ? undefined : keys.get(versionKey)?.content);
  return { ...noEntry, value, ...readMarks(marksText(keys, { key, entry }), nowUs) };
}

function marksText(keys: Keyspace, { key, entry }: Gated): string | null {
  const content = keys.get(entry.kind === "hash" ? key : gateKeyOf(PREFIX, key))?.content;
  if (entry.kind === "hash") return typeof content === "object" ? (content.get(gateField) ?? null) : null;
  return typeof content === "string" ? content : null;
}

function gatedValue(
  content: StoredKey["content"] | undefined,
  { kind, versionField }: EntrySpec,
  versionText: StoredKey["content"] | undefined,
): EntryState["value"] {
  if (content === undefined) return null;
  if (kind === "companion") return versionOf(typeof versionText === "string" ? versionText : "");
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

function store(keys: Keyspace, request: SetRequest, { marks, nowUs }: { marks: Marks; nowUs: number }): void {
  const { key, versionKey, entry, version, content } = request;
  const expireAtMs = Math.ceil(nowUs / 1000 + request.keepMs);
  if (!Buffer.isBuffer(content)) {
    const text = encodeMarks(marks);
    const fields = new Map([...content, [entry.versionField, version], ...(text === "" ? [] : [[gateField, text] as const])]);
    keys.set(key, { content: fields, expireAtMs: Math.max(expireAtMs, marksEndMs(marks, entry)) });
    return;
  }
  const payload = content.toString();
  keys.set(key, { content: entry.kind === "prefix" ? `${version}\n${payload}` : payload, expireAtMs });
  if (versionKey !== undefined) keys.set(versionKey, { content: version, expireAtMs });
}

function putMarks(keys: Keyspace, { key, entry }: Gated, marks: Marks): void {
  if (entry.kind !== "hash") {
    keys.set(gateKeyOf(PREFIX, key), marksKey(marks, entry));
    return;
  }
  const stored = keys.get(key);
  const fields = new Map(typeof stored?.content === "object" ? stored.content : []);
  const text = encodeMarks(marks);
  if (text === "") fields.delete(gateField);
  else fields.set(gateField, text);
  const endMs = marksEndMs(marks, entry);
  const expireAtMs = stored === undefined ? endMs : stored.expireAtMs === null ? null : Math.max(stored.expireAtMs, endMs);
  keys.set(key, fields.size === 0 ? undefined : { content: fields, expireAtMs });
}
