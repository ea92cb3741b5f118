import {
  decodeHead,
  decodeTags,
  type EntrySpec,
  encodeDeps,
  gateField,
  isMarks,
  type KeyBust,
  managedFields,
  managedState,
  noEntry,
} from "@freshet/protocol";
import { bustMembers } from "./bust-members.js";
import { memoryBounds } from "./memory-bounds.js";
import { bustKeys } from "./memory-busts.js";
import { memoryEntries } from "./memory-entries.js";
import { type EntryAt, readEntry } from "./memory-keys.js";
import type { StoredKey } from "./memory-keyspace.js";
import { Keyspace } from "./memory-keyspace.js";
import { memoryTags } from "./memory-tags.js";
import type { EntryView, ServerView, StorePort } from "./port.js";
import { checkKey } from "./request-checks.js";
import type { StoreSeed } from "./seed.js";

/** The store in memory, with the seeds that tests and the demo put into it. */
export interface MemoryStore extends StorePort {
  readonly seed: StoreSeed;
  /** The text of a `json` or `opaque` entry, as a reader's GET would answer; `null` when there is none. */
  readText(key: string): Promise<string | null>;
}

export interface MemoryStoreOptions {
  /** Its clock, in microseconds. */
  readonly nowUs: () => number;
  /** Before each of Freshet's own keys, which are no entries; `fr:` by default. */
  readonly prefix?: string;
}

/** A store that runs `decide.ts` on keys held as Redis holds them. */
export function createMemoryStore({ nowUs, prefix = "fr:" }: MemoryStoreOptions): MemoryStore {
  const keys = new Keyspace(nowUs);
  const bust = async (busts: readonly KeyBust[]) => bustKeys(keys, busts, { run: "apply", floor: "none" });
  const tags = memoryTags({ nowUs, prefix, bustMembers: (busts) => bustMembers(busts, { prefix, bust }) });
  return {
    bust: async (busts) => bustKeys(keys, busts, { run: "apply" }),
    preview: async (busts) => bustKeys(keys, busts, { run: "preview" }),
    ...memoryEntries(keys, tags),
    ...tags,
    ...memoryBounds(),
    inspect: async (key, entry, versionKey) => viewOf(keys, { key: checkKey(key), entry, versionKey }),
    probe: async () => [],
    servers: async () => [memoryServer(nowUs)],
    close: async () => undefined,
    seed: seedOf(keys),
    readText: async (key) => {
      const content = keys.get(key)?.content;
      return typeof content === "string" ? content : null;
    },
  };
}

function memoryServer(nowUs: () => number): ServerView {
  const clockMs = Math.floor(nowUs() / 1000);
  return { address: "", product: "memory", version: "", isCluster: false, role: "master", maxmemoryPolicy: "noeviction", clockMs };
}

function viewOf(keys: Keyspace, at: EntryAt): EntryView {
  const { key, entry } = at;
  const nowUs = keys.nowUs();
  const stored = keys.get(key);
  const state = readEntry(keys, at, { subject: null, nowUs });
  const redisType = stored === undefined ? "none" : typeof stored.content === "string" ? "string" : "hash";
  const ttlMs = stored === undefined || stored.expireAtMs === null ? null : stored.expireAtMs - Math.floor(nowUs / 1000);
  const fields = typeof stored?.content === "object" && entry.kind === "managed" ? stored.content : new Map<string, string>();
  const encoding = decodeHead(fields.get(managedFields.deps) ?? "")?.encoding ?? "";
  const tags = decodeTags(fields.get(managedFields.tags) ?? "");
  const valueBytes = state.value === null || stored === undefined ? null : bytesOf(stored, entry);
  return { ...state, encoding, tags, valueBytes, ttlMs, redisType, nowUs };
}

function bytesOf({ content }: StoredKey, entry: EntrySpec): number | null {
  if (typeof content === "string") return Buffer.byteLength(content);
  if (entry.kind === "managed") return content.get(managedFields.value)?.length ?? 0;
  if (entry.kind !== "hash") return null;
  return [...content].reduce((sum, [field, text]) => sum + (field === gateField ? 0 : Buffer.byteLength(text)), 0);
}

function seedOf(keys: Keyspace): StoreSeed {
  return {
    putManaged: async (key, { value, deps, ttlMs }) => {
      const nowUs = keys.nowUs();
      const old = keys.get(key)?.content;
      const marks = old === undefined ? noEntry : managedState(old, null, nowUs);
      const fields = typeof old === "object" ? old : [];
      const bytes = Buffer.from(value).toString("latin1");
      keys.put(key, new Map([...fields, [managedFields.value, bytes], [managedFields.deps, encodeDeps(deps, undefined, marks)]]), ttlMs);
    },
    putHash: async (key, { fields, ttlMs }) => {
      const old = keys.get(key)?.content;
      keys.put(key, new Map([...(typeof old === "object" ? old : []), ...Object.entries(fields)]), ttlMs);
    },
    putJson: async (key, { text, ttlMs }) => keys.put(key, text, ttlMs),
    putOpaque: async (key, { value, ttlMs }) => keys.put(key, value, ttlMs),
    has: async (key) => {
      const content = keys.get(key)?.content;
      if (content === undefined || typeof content === "string") return content !== undefined && !isMarks(content);
      return [...content.keys()].some((field) => field !== gateField);
    },
  };
}
