import { type BustOutcome, bust, decodeHead, decodeTags, type EntrySpec, encodeDeps, type KeyBust, managedFields } from "@freshet/protocol";
import { type BustRun, leavesFloor, planBustCalls } from "./bust-calls.js";
import { memoryBounds } from "./memory-bounds.js";
import { memoryEntries } from "./memory-entries.js";
import { applyStep, readKey, type StoredKey } from "./memory-keys.js";
import { Keyspace } from "./memory-keyspace.js";
import { memoryTags } from "./memory-tags.js";
import type { EntryView, StorePort } from "./port.js";
import { markFields, type StoreSeed } from "./seed.js";

/** The store in memory, with the seeds that tests and the demo put into it. */
export interface MemoryStore extends StorePort {
  readonly seed: StoreSeed;
  /** The text of a `json` or `opaque` entry, as a reader's GET would answer; `null` when there is none. */
  readText(key: string): Promise<string | null>;
}

/** A store that runs `decide.ts` on keys held as Redis holds them. `nowUs` is its clock, in microseconds. */
export function createMemoryStore({ nowUs }: { nowUs: () => number }): MemoryStore {
  const keys = new Keyspace(nowUs);
  const tags = memoryTags({ nowUs, bustMembers: async (busts) => runBusts(keys, busts, { run: "apply", floor: "none" }) });
  return {
    bust: async (busts) => runBusts(keys, busts, { run: "apply" }),
    preview: async (busts) => runBusts(keys, busts, { run: "preview" }),
    ...memoryEntries(keys, tags),
    ...tags,
    ...memoryBounds(),
    inspect: async (key, entry) => viewOf(keys, key, entry),
    probe: async () => [],
    close: async () => undefined,
    seed: seedOf(keys),
    readText: async (key) => {
      const content = keys.get(key)?.content;
      return typeof content === "string" ? content : null;
    },
  };
}

/** `floor: "none"`: the tag of a sweep has a floor, so its members need none. */
function runBusts(keys: Keyspace, busts: readonly KeyBust[], { run, floor }: { run: BustRun; floor?: "none" }): readonly BustOutcome[] {
  planBustCalls(busts, run);
  const nowUs = keys.nowUs();
  return busts.map(({ key, entry, subject, version, spaceKind, mode }) => {
    const stored = keys.get(key);
    const before = readKey(stored, entry, { subject, nowUs });
    const { onUnversioned, floorTtlMs, staleTtlMs } = entry;
    const fact = { subject, version, spaceKind, mode };
    const done = bust(before, {
      ...fact,
      leaveFloor: floor !== "none" && leavesFloor(entry),
      onUnversioned,
      floorTtlMs,
      staleTtlMs,
      nowUs,
    });
    if (run === "apply") keys.set(key, applyStep(stored, entry, { before, done }));
    return done.outcome;
  });
}

function viewOf(keys: Keyspace, key: string, entry: EntrySpec): EntryView {
  const nowUs = keys.nowUs();
  const stored = keys.get(key);
  const state = readKey(stored, entry, { subject: null, nowUs });
  const redisType = stored === undefined ? "none" : typeof stored.content === "string" ? "string" : "hash";
  const ttlMs = stored === undefined || stored.expireAtMs === null ? null : stored.expireAtMs - Math.floor(nowUs / 1000);
  const fields = typeof stored?.content === "object" && entry.kind === "managed" ? stored.content : new Map<string, string>();
  const encoding = decodeHead(fields.get(managedFields.deps) ?? "")?.encoding ?? "";
  const tags = decodeTags(fields.get(managedFields.tags) ?? "");
  const valueBytes = state.value === null || stored === undefined ? null : bytesOf(stored, entry);
  return { ...state, encoding, tags, valueBytes, ttlMs, redisType };
}

function bytesOf({ content }: StoredKey, entry: EntrySpec): number | null {
  if (typeof content === "string") return Buffer.byteLength(content);
  if (entry.kind === "managed") return content.get(managedFields.value)?.length ?? 0;
  if (entry.kind !== "hash") return null;
  return [...content].reduce((sum, [field, text]) => sum + (markFields.has(field) ? 0 : Buffer.byteLength(text)), 0);
}

function seedOf(keys: Keyspace): StoreSeed {
  const putFields = (key: string, fields: Iterable<readonly [string, string]>, ttlMs: number | undefined) => {
    const old = keys.get(key)?.content;
    keys.put(key, new Map([...(typeof old === "object" ? old : []), ...fields]), ttlMs);
  };
  return {
    putManaged: async (key, { value, deps, ttlMs }) => {
      // One character a byte: values are bytes.
      const bytes = Buffer.from(value).toString("latin1");
      const fields = [[managedFields.value, bytes] as const, [managedFields.deps, encodeDeps(deps)] as const];
      putFields(key, fields, ttlMs);
    },
    putHash: async (key, { fields, ttlMs }) => putFields(key, Object.entries(fields), ttlMs),
    putJson: async (key, { text, ttlMs }) => keys.put(key, text, ttlMs),
    putOpaque: async (key, { value, ttlMs }) => keys.put(key, value, ttlMs),
    has: async (key) => {
      const content = keys.get(key)?.content;
      if (content === undefined || typeof content === "string") return content !== undefined;
      return [...content.keys()].some((field) => !markFields.has(field));
    },
  };
}
