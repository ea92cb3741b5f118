import { FreshetError } from "@freshet/protocol";
import type { Redis } from "ioredis";
import { execOrThrow } from "../src/exec.js";
import { scripts } from "../src/generated/scripts.js";
import { type EntrySteps, memoryEntries } from "../src/memory-entries.js";
import type { StoredKey } from "../src/memory-keyspace.js";
import { Keyspace } from "../src/memory-keyspace.js";
import { redisEntries } from "../src/redis-entries.js";
import type { RedisLink, ScriptName } from "../src/redis-link.js";
import { replaceOnce } from "./edits.js";
import type { EntryCase } from "./entry-cases.js";

/** The scripts with steps of readers and loaders. */
const entryScripts = ["read", "lease", "fill", "promote", "drop", "lease-gated", "set-if-newer"] as const;

/** What a step answered, and what lay under its keys afterwards. */
export interface EntrySeen {
  readonly reply: unknown;
  readonly after: Readonly<Record<string, unknown>>;
}

/** Runs cases on a real Redis at one instant, by the scripts as they are shipped or edited. */
export type RunOnRedis = (item: EntryCase) => Promise<EntrySeen>;

/** @param edited texts in place of the shipped ones */
export async function entryServer(client: Redis, nowUs: number, edited: Partial<Record<ScriptName, string>> = {}): Promise<RunOnRedis> {
  const shas = new Map<ScriptName, string>();
  const readAny = String(await client.script("LOAD", READ_ANY));
  for (const name of entryScripts) {
    const time = `local time = { "${Math.floor(nowUs / 1_000_000)}", "${nowUs % 1_000_000}" }`;
    const text = replaceOnce(edited[name] ?? scripts[name].text, 'local time = call("TIME")', time);
    shas.set(name, String(await client.script("LOAD", text)));
  }
  return async (item) => {
    let after: EntrySeen["after"] = {};
    const link: RedisLink = {
      run: async (calls) => {
        const pipeline = client.pipeline();
        for (const key of new Set([...item.keys.keys(), ...calls.flatMap(({ keys }) => keys)])) seed(pipeline, key, item.keys.get(key));
        const at = pipeline.length;
        for (const { run, keys, args } of calls) {
          const name = "script" in run ? run.script : "lease";
          pipeline.callBuffer("evalsha", shas.get(name) ?? "", keys.length, ...keys, ...args);
        }
        const names = [...new Set([...item.keys.keys(), ...calls.flatMap(({ keys }) => keys)])].sort();
        for (const key of names) pipeline.callBuffer("evalsha", readAny, 1, key);
        pipeline.unlink(...names);
        const replies = await execOrThrow(pipeline);
        after = Object.fromEntries(names.map((key, i) => [key, seenKey(replies[at + calls.length + i])]));
        return replies.slice(at, at + calls.length);
      },
      groupOf: () => "",
      readAt: async (_key, work) => await work(client),
      eachMaster: async () => [],
      close: () => undefined,
    };
    return { reply: await item.call(redisEntries(link, "fr:")).catch(refusedBounds), after: present(after) };
  };
}

const READ_ANY = `#!lua flags=no-writes
local kind, ends = redis.call("TYPE", KEYS[1]).ok, string.format("%.0f", redis.call("PEXPIRETIME", KEYS[1]))
if kind == "string" then return { ends, kind, redis.call("GET", KEYS[1]) } end
return kind == "hash" and { ends, kind, unpack(redis.call("HGETALL", KEYS[1])) } or { ends, kind }`;

function seed(pipeline: ReturnType<Redis["pipeline"]>, key: string, stored: StoredKey | undefined): void {
  pipeline.unlink(key);
  if (stored === undefined) return;
  const bytes = (text: string, field = "") => (field === "v" ? Buffer.from(text, "latin1") : text);
  if (typeof stored.content === "string") pipeline.set(key, stored.content);
  else pipeline.hset(key, ...[...stored.content].flatMap(([field, text]) => [field, bytes(text, field)]));
  if (stored.expireAtMs !== null) pipeline.pexpireat(key, stored.expireAtMs);
}

function seenKey(reply: unknown): unknown {
  const [ends, kind, ...parts] = Array.isArray(reply) ? reply.map((part: Buffer) => part) : [];
  const [text = "", type = ""] = [ends?.toString(), kind?.toString()];
  if (type === "none") return null;
  const expireAtMs = text === "-1" ? null : Number(text);
  if (type === "string") return { expireAtMs, content: parts[0]?.toString() ?? "" };
  const fields: [string, string][] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const field = parts[at]?.toString() ?? "";
    fields.push([field, parts[at + 1]?.toString(field === "v" ? "latin1" : "utf8") ?? ""]);
  }
  return { expireAtMs, content: fields.sort(byName) };
}

/** The same case in memory, where the steps are those of decide-fill.ts. */
export async function runInMemory(item: EntryCase, nowUs: number, steps?: EntrySteps): Promise<EntrySeen> {
  const keys = new Keyspace(() => nowUs);
  for (const [key, stored] of item.keys) keys.set(key, stored);
  const names = new Set(item.keys.keys());
  const watched: Keyspace = new Proxy(keys, {
    get: (target, name) => {
      if (name === "set") {
        return (key: string, stored: StoredKey | undefined) => {
          names.add(key);
          target.set(key, stored);
        };
      }
      if (name === "get") return (key: string) => target.get(key);
      return () => nowUs;
    },
  });
  const store = memoryEntries(watched, { epochs: async () => new Map(), ...(steps === undefined ? {} : { steps }) });
  const reply = await item.call(store).catch(refusedBounds);
  return { reply, after: present(Object.fromEntries([...names].sort().map((key) => [key, plain(keys.get(key))]))) };
}

/** F < L + R is told by an error: here it is an outcome like others. */
function refusedBounds(error: unknown): { readonly reason: "bounds"; readonly problem: string } {
  if (error instanceof FreshetError && error.code === "FR1006") return { reason: "bounds", problem: error.message };
  throw error;
}

function plain(stored: StoredKey | undefined): unknown {
  if (stored === undefined) return null;
  const { content, expireAtMs } = stored;
  return { expireAtMs, content: typeof content === "string" ? content : [...content].sort(byName) };
}

function present(after: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(after).filter(([, stored]) => stored !== null));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** As text: maps and bytes written out, members by name, so that two of them can be compared. */
export function textOf(seen: unknown): string {
  return JSON.stringify(seen, (_key, value: unknown) => {
    if (value instanceof Map) return { map: [...value] };
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(byName));
  });
}

/** A name for what a step answered. */
export function outcomeOf(reply: unknown): string {
  if (typeof reply === "string") return reply;
  if (typeof reply !== "object" || reply === null) return "nothing";
  if ("reason" in reply) return String(reply.reason);
  return "outcome" in reply ? String(reply.outcome) : "found" in reply ? String(reply.found) : "nothing";
}
