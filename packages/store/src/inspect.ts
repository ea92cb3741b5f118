import {
  decodeHead,
  decodeTags,
  type EntrySpec,
  type EntryState,
  type Fields,
  gateFields,
  gateMarks,
  jsonVersion,
  managedFields,
  managedState,
  marksOf,
  noEntry,
  parseVersion,
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

type ValueView = Omit<EntryView, "ttlMs" | "redisType">;

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

const noNote = { encoding: "", tags: [] };

function bare(value: EntryState["value"], valueBytes: number | null): ValueView {
  return { ...noEntry, value, valueBytes, ...noNote };
}

async function managedView(client: Redis, key: string, nowUs: number): Promise<ValueView> {
  const { value, ...rest } = managedFields;
  const [fields, valueBytes] = await fieldsOf(client, key, { readAlso: Object.values(rest), skip: value });
  const state = managedState(fields, null, nowUs);
  const encoding = decodeHead(fields.get(managedFields.deps) ?? "")?.encoding ?? "";
  const tags = decodeTags(fields.get(managedFields.tags) ?? "");
  return { ...state, valueBytes: state.value === null ? null : valueBytes, encoding, tags };
}

async function hashView(client: Redis, { key, entry }: { key: string; entry: EntrySpec }, nowUs: number): Promise<ValueView> {
  const [fields, valueBytes] = await fieldsOf(client, key, { readAlso: [entry.versionField, ...gateMarks], skip: "" });
  const marks = entry.gate ? marksOf(fields, gateFields, nowUs) : {};
  if (![...fields.keys()].some((name) => !gateMarks.has(name))) return { ...noEntry, ...marks, valueBytes: null, ...noNote };
  const version = parseVersion(fields.get(entry.versionField) ?? "");
  return { ...noEntry, ...marks, value: version === null ? "unversioned" : { version }, valueBytes, ...noNote };
}

/**
 * The fields of a hash, of which only `readAlso` are read, and the bytes of the payload: of the field `skip`, or of all that
 * are not Freshet's own. Payloads themselves are never read.
 */
async function fieldsOf(
  client: Redis,
  key: string,
  { readAlso, skip }: { readAlso: readonly string[]; skip: string },
): Promise<[Fields, number]> {
  const [names, texts] = await execOrThrow(
    client
      .pipeline()
      .hkeys(key)
      .hmget(key, ...readAlso),
  );
  const fields = new Map(textsOf(names).map((name) => [name ?? "", ""]));
  for (const [at, text] of textsOf(texts).entries()) if (text !== null) fields.set(readAlso[at] ?? "", text);
  const payload = skip === "" ? [...fields.keys()].filter((name) => !gateMarks.has(name)) : [skip];
  const lengths = client.pipeline();
  for (const name of payload) lengths.hstrlen(key, name);
  const bytes = payload.length === 0 ? [] : await execOrThrow(lengths);
  return [fields, bytes.reduce((sum: number, length) => sum + Number(length), 0)];
}

function textsOf(reply: unknown): readonly (string | null)[] {
  return Array.isArray(reply) ? reply.map((item: unknown) => (typeof item === "string" ? item : null)) : [];
}

function rethrow(error: unknown): never {
  throw classify(error);
}
