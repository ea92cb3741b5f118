import {
  decodeHead,
  decodeTags,
  type EntrySpec,
  type EntryState,
  type Fields,
  FreshetError,
  gateField,
  jsonVersion,
  type Marks,
  managedFields,
  managedState,
  noEntry,
  parseVersion,
  readMarks,
} from "@freshet/protocol";
import type { Redis } from "ioredis";
import { hasGateKey } from "./bust-calls.js";
import { classify } from "./classify.js";
import { execOrThrow } from "./exec.js";
import { gateKeyOf } from "./gate-key.js";
import type { EntryView } from "./port.js";

interface Asked {
  readonly key: string;
  readonly entry: EntrySpec;
  /** Of entries of kind `companion`. */
  readonly versionKey: string | undefined;
  readonly prefix: string;
}

interface Facts {
  readonly redisType: string;
  readonly nowUs: number;
}

type ValueView = Omit<EntryView, "ttlMs" | "redisType" | "nowUs">;

const LOOKS_MAX = 20;

/**
 * Reads one entry for people and tests, in a few round trips: not a snapshot of one that is being written. One that changes its
 * Redis type between two of them is looked at again.
 */
export async function inspectEntry(client: Redis, asked: Asked): Promise<EntryView> {
  for (let look = 1; ; look++) {
    try {
      return await lookAt(client, asked);
    } catch (error) {
      if (look === LOOKS_MAX || !(error instanceof FreshetError) || !isWrongType(error.cause)) throw error;
    }
  }
}

/** What `classify` leaves of the server's text. */
function isWrongType(cause: unknown): boolean {
  return cause instanceof Error && cause.message === "ReplyError WRONGTYPE";
}

async function lookAt(client: Redis, asked: Asked): Promise<EntryView> {
  const { key, entry } = asked;
  const [type, ttl, time] = await execOrThrow(client.pipeline().type(key).pttl(key).time());
  const [seconds = 0, micros = 0] = Array.isArray(time) ? time.map(Number) : [];
  const facts = { redisType: String(type), nowUs: seconds * 1_000_000 + micros };
  const view = entry.kind === "managed" ? await managedView(client, key, facts) : await otherView(client, asked, facts);
  return { ...view, ...facts, ttlMs: Number(ttl) < 0 ? null : Number(ttl) };
}

const noNote = { encoding: "", tags: [] };
const noMarks: Marks = { floors: [], blindFloor: null, lease: null };

function bare(value: EntryState["value"], valueBytes: number | null, marks: Marks = noMarks): ValueView {
  return { ...noEntry, ...marks, value, valueBytes, ...noNote };
}

async function managedView(client: Redis, key: string, { redisType, nowUs }: Facts): Promise<ValueView> {
  if (redisType === "none") return bare(null, null);
  if (redisType === "string") {
    const state = managedState((await client.get(key).catch(rethrow)) ?? "", null, nowUs);
    return { ...state, valueBytes: state.value === null ? null : await client.strlen(key).catch(rethrow), ...noNote };
  }
  if (redisType !== "hash") return bare("foreign", null);
  const { value, ...rest } = managedFields;
  const [fields, valueBytes] = await fieldsOf(client, key, { readAlso: Object.values(rest), skip: value });
  const encoding = decodeHead(fields.get(managedFields.deps) ?? "")?.encoding ?? "";
  const tags = decodeTags(fields.get(managedFields.tags) ?? "");
  return { ...managedState(fields, null, nowUs), valueBytes, encoding, tags };
}

async function otherView(client: Redis, asked: Asked, facts: Facts): Promise<ValueView> {
  const { key, entry, prefix } = asked;
  const { redisType, nowUs } = facts;
  const gate = hasGateKey(entry) ? await client.get(gateKeyOf(prefix, key)).catch(rethrow) : null;
  const marks = readMarks(gate, nowUs);
  if (redisType === "none") return bare(null, null, marks);
  if (entry.kind === "hash" && redisType === "hash") return await hashView(client, { key, entry }, nowUs);
  const bytes = redisType === "string" ? await client.strlen(key).catch(rethrow) : null;
  if (entry.kind === "opaque") return bare("opaque", bytes);
  if (entry.kind === "hash" || (entry.kind !== "companion" && redisType !== "string")) return bare("foreign", bytes, marks);
  const version = parseVersion(await digitsOf(client, asked));
  return bare(version === null ? "unversioned" : { version }, bytes, marks);
}

/** The digits a string holds, or the string beside it; payloads of `prefix` and `companion` are never read. */
async function digitsOf(client: Redis, { key, entry, versionKey }: Asked): Promise<string> {
  if (entry.kind === "json") return jsonVersion((await client.get(key).catch(rethrow)) ?? "", entry.versionField) ?? "";
  if (entry.kind === "companion") return versionKey === undefined ? "" : await client.getrange(versionKey, 0, 20).catch(() => "");
  return /^(\d+)\n/.exec(await client.getrange(key, 0, 20).catch(rethrow))?.[1] ?? "";
}

async function hashView(client: Redis, { key, entry }: { key: string; entry: EntrySpec }, nowUs: number): Promise<ValueView> {
  const [fields, valueBytes] = await fieldsOf(client, key, { readAlso: [entry.versionField, gateField], skip: "" });
  const marks = entry.gate ? readMarks(fields.get(gateField) ?? null, nowUs) : noMarks;
  if (![...fields.keys()].some((name) => name !== gateField)) return bare(null, null, marks);
  const version = parseVersion(fields.get(entry.versionField) ?? "");
  return bare(version === null ? "unversioned" : { version }, valueBytes, marks);
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
  const payload = skip === "" ? [...fields.keys()].filter((name) => name !== gateField) : [skip];
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
