import {
  decodeLease,
  type EntrySpec,
  type EntryState,
  gateFields,
  jsonVersion,
  managedFields,
  managedState,
  parseVersion,
  readFloors,
} from "@freshet/protocol";
import type { Redis } from "ioredis";
import { classify } from "./classify.js";
import { execOrThrow } from "./exec.js";
import type { EntryView } from "./port.js";

interface Facts {
  readonly redisType: string;
  readonly ttlMs: number | null;
  readonly nowUs: number;
}

type ValueView = EntryState & { readonly valueBytes: number | null };

/** Reads one key for people and tests: two round trips, so not a snapshot of a key that is being written. */
export async function inspectEntry(client: Redis, key: string, entry: EntrySpec): Promise<EntryView> {
  const [redisType, ttl, time] = await execOrThrow(client.pipeline().type(key).pttl(key).time());
  const [seconds = 0, micros = 0] = Array.isArray(time) ? time.map(Number) : [];
  const facts = { redisType: String(redisType), ttlMs: Number(ttl) < 0 ? null : Number(ttl), nowUs: seconds * 1_000_000 + micros };
  const { redisType: type, ttlMs } = facts;
  return { ...(await valueView(client, { key, entry }, facts)), ttlMs, redisType: type };
}

async function valueView(client: Redis, { key, entry }: { key: string; entry: EntrySpec }, facts: Facts): Promise<ValueView> {
  if (facts.redisType === "none") return bare(null, null);
  if (entry.kind === "managed" && facts.redisType === "hash") return await managedView(client, key, facts.nowUs);
  if (entry.kind === "hash" && facts.redisType === "hash") return await hashView(client, { key, entry }, facts.nowUs);
  const bytes = facts.redisType === "string" ? await client.strlen(key).catch(rethrow) : null;
  if (entry.kind === "opaque") return bare("opaque", bytes);
  if (entry.kind !== "json" || facts.redisType !== "string") return bare("foreign", bytes);
  const version = jsonVersion((await client.get(key).catch(rethrow)) ?? "", entry.versionField);
  return bare(version === null ? "unversioned" : { version }, bytes);
}

function bare(value: EntryState["value"], valueBytes: number | null): ValueView {
  return { value, floors: [], blindFloor: null, lease: null, valueBytes };
}

async function managedView(client: Redis, key: string, nowUs: number): Promise<ValueView> {
  const { deps, floors, lease, keepUntil, value } = managedFields;
  const pipeline = client.pipeline().hmget(key, deps, keepUntil, floors, lease).hlen(key).hstrlen(key, value);
  const [fields, length, bytes] = await execOrThrow(pipeline);
  const [d = null, k = null, f = null, l = null] = textsOf(fields);
  const hasMore = Number(length) > (f === null ? 0 : 1) + (l === null ? 0 : 1);
  const state = managedState({ deps: d, keepUntil: k, floors: f, lease: l, hasMore }, null, nowUs);
  return { ...state, valueBytes: state.value === null ? null : Number(bytes) };
}

/** Bytes of all field values but Freshet's own. */
async function hashView(client: Redis, { key, entry }: { key: string; entry: EntrySpec }, nowUs: number): Promise<ValueView> {
  const { floors, lease } = gateFields;
  const [fields, names] = await execOrThrow(client.pipeline().hmget(key, entry.versionField, floors, lease).hkeys(key));
  const [digits = null, floorsText = null, leaseText = null] = textsOf(fields);
  const valueFields = textsOf(names).filter((name) => name !== floors && name !== lease);
  const lengths = client.pipeline();
  for (const name of valueFields) lengths.hstrlen(key, name ?? "");
  const bytes = (await execOrThrow(lengths)).reduce((sum: number, length) => sum + Number(length), 0);
  const version = parseVersion(digits ?? "");
  const present: EntryState["value"] = version === null ? "unversioned" : { version };
  const value = valueFields.length === 0 ? null : present;
  const marks = entry.gate ? { floors: floorsText, lease: leaseText } : { floors: null, lease: null };
  const view = { value, ...readFloors(marks.floors, nowUs), valueBytes: value === null ? null : bytes };
  return { ...view, lease: marks.lease === null ? null : decodeLease(marks.lease) };
}

function textsOf(reply: unknown): readonly (string | null)[] {
  return Array.isArray(reply) ? reply.map((item: unknown) => (typeof item === "string" ? item : null)) : [];
}

function rethrow(error: unknown): never {
  throw classify(error);
}
