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
  if (entry.kind === "hash" && facts.redisType === "hash") return await hashView(client, { key, field: entry.versionField }, facts.nowUs);
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
async function hashView(client: Redis, { key, field }: { key: string; field: string }, nowUs: number): Promise<ValueView> {
  const [fields, names] = await execOrThrow(client.pipeline().hmget(key, field, gateFields.floors, gateFields.lease).hkeys(key));
  const [digits = null, floors = null, lease = null] = textsOf(fields);
  const own: readonly string[] = [gateFields.floors, gateFields.lease];
  const valueFields = textsOf(names).filter((name) => name !== null && !own.includes(name));
  const state = { ...readFloors(floors, nowUs), lease: lease === null ? null : decodeLease(lease) };
  if (valueFields.length === 0) return { value: null, ...state, valueBytes: null };
  const lengths = client.pipeline();
  for (const name of valueFields) lengths.hstrlen(key, name ?? "");
  const version = parseVersion(digits ?? "");
  const valueBytes = (await execOrThrow(lengths)).reduce((sum: number, bytes) => sum + Number(bytes), 0);
  return { value: version === null ? "unversioned" : { version }, ...state, valueBytes };
}

function textsOf(reply: unknown): readonly (string | null)[] {
  return Array.isArray(reply) ? reply.map((item: unknown) => (typeof item === "string" ? item : null)) : [];
}

function rethrow(error: unknown): never {
  throw classify(error);
}
