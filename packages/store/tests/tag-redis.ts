import { encodeCursor, encodeEpoch, encodeTag, type IndexMember, isPending, limits } from "@freshet/protocol";
import type { ChainableCommander, Redis } from "ioredis";
import { scripts } from "../src/generated/scripts.js";
import { registryKey, tagKeys } from "../src/tag-keys.js";
import { replaceOnce } from "./edits.js";
import { sortedFields, type TagOp, type World } from "./tag-world.js";

type Step = TagOp["step"];
const steps = [
  ...(["bust-tag", "index-add", "index-remove", "index-trim", "sweep-claim", "sweep-move", "sweep-end"] as const),
  ...(["epoch-get", "epoch-bump", "registry-add", "registry-forget"] as const),
];

/** What one step answered after its time, and what lay there afterwards. */
export interface Seen {
  readonly reply: readonly string[];
  readonly text: string;
}

/** The scripts as they are shipped, or edited, on a Redis whose clock is a key: each step happens at the time it says. */
export interface TagServer {
  /** Runs operations one after the other on one tag, from a world put there first. */
  run(tag: string, before: World, ops: readonly TagOp[]): Promise<readonly Seen[]>;
}

export async function tagServer(client: Redis, prefix: string, edited: Partial<Record<Step, string>> = {}): Promise<TagServer> {
  const clock = `${prefix}clock`;
  const shas = new Map<Step, string>();
  const readAll = String(await client.script("LOAD", READ_ALL));
  for (const step of steps) {
    const text = edited[step] ?? scripts[step].text;
    const timed = replaceOnce(text, 'local time = call("TIME")', `local time = call("HMGET", "${clock}", "s", "u")`);
    shas.set(step, String(await client.script("LOAD", timed)));
  }
  return {
    run: async (tag, before, ops) => {
      const pipeline = client.pipeline();
      const { index, state, epoch } = tagKeys(prefix, tag);
      const keys = [state, index, epoch, registryKey(prefix)];
      put(pipeline, keys, before);
      const at = pipeline.length;
      for (const op of ops) {
        pipeline.hset(clock, "s", String(Math.floor(op.nowUs / 1_000_000)), "u", String(op.nowUs % 1_000_000));
        const call = callOf(op);
        const named = call.keys.map((name) => ({ state, index, epoch, registry: registryKey(prefix) })[name]);
        pipeline.evalsha(shas.get(op.step) ?? "", named.length, ...named, ...call.args);
        pipeline.evalsha(readAll, keys.length, ...keys);
      }
      pipeline.unlink(...keys);
      // A step that is refused answers why.
      const replies = ((await pipeline.exec()) ?? []).map(([error, reply]): unknown => (error === null ? reply : ["", error.message]));
      return ops.map((_, i) => seenOf(replies[at + 3 * i + 1], replies[at + 3 * i + 2]));
    },
  };
}

type KeyName = "state" | "index" | "epoch" | "registry";

function callOf(op: TagOp): { readonly keys: readonly KeyName[]; readonly args: readonly string[] } {
  const { step } = op;
  if (step === "bust-tag" || step === "epoch-bump") return bustCallOf(op);
  if (step === "index-add") {
    const args = [op.key, ...[op.fillTimeUs, op.keepMs, op.floorTtlMs, op.skewMs].map(String)];
    return { keys: ["index", "state"], args };
  }
  if (step === "index-remove") return { keys: ["index"], args: pairs(op.members) };
  if (step === "index-trim") return { keys: ["index", "state"], args: [op.skewMs, op.max].map(String) };
  if (step === "sweep-claim") return { keys: ["state"], args: [op.id, String(op.holdMs), op.was ?? ""] };
  if (step === "sweep-move")
    return { keys: ["index", "state"], args: [op.id, String(op.holdMs), encodeCursor(op.cursor), ...pairs(op.gone)] };
  if (step === "sweep-end") return { keys: ["state"], args: [op.id] };
  if (step === "epoch-get") return { keys: ["epoch"], args: [String(op.skewMs)] };
  return { keys: ["registry"], args: step === "registry-add" ? op.tags : [op.tag, String(op.seen)] };
}

function bustCallOf(op: Extract<TagOp, { step: "bust-tag" | "epoch-bump" }>): ReturnType<typeof callOf> {
  const { subject, version, spaceKind, mode } = op.fact;
  const fact = [subject, version ?? "", spaceKind, mode];
  if (op.step === "epoch-bump") return { keys: ["epoch"], args: [...fact, String(op.skewMs), String(limits.recordsPerEpochMax), op.run] };
  const maxima = [limits.floorsPerTagMax, limits.pendingPerTagMax].map(String);
  return { keys: ["state"], args: [...fact, String(op.floorTtlMs), ...maxima, op.run] };
}

function pairs(members: readonly IndexMember[]): readonly string[] {
  return members.flatMap(({ key, score }) => [key, String(score)]);
}

function put(pipeline: ChainableCommander, keys: readonly string[], world: World): void {
  const [state = "", index = "", epoch = "", registry = ""] = keys;
  pipeline.unlink(...keys);
  const fields = new Map(encodeTag(world.state));
  const hasEnd = !isPending(world.state);
  if (!hasEnd) fields.set("x", String(world.stateEndMs));
  if (fields.size > 0) pipeline.hset(state, fields);
  if (fields.size > 0 && hasEnd) pipeline.pexpireat(state, world.stateEndMs);
  for (const [key, score] of world.index) pipeline.zadd(index, score, key);
  if (world.index.size > 0) pipeline.pexpireat(index, world.indexEndMs);
  if (world.epoch !== null) pipeline.hset(epoch, encodeEpoch(world.epoch)).pexpireat(epoch, world.epochEndMs);
  for (const [tag, seen] of world.registry) pipeline.zadd(registry, seen, tag);
}

const READ_ALL = `#!lua flags=no-writes
local call = redis.call
local function zset(key) return call("ZRANGE", key, 0, -1, "WITHSCORES") end
return { call("HGETALL", KEYS[1]), call("PEXPIRETIME", KEYS[1]), zset(KEYS[2]), call("PEXPIRETIME", KEYS[2]),
  call("HGETALL", KEYS[3]), call("PEXPIRETIME", KEYS[3]), zset(KEYS[4]) }`;

function seenOf(reply: unknown, all: unknown): Seen {
  const [state, stateEnd, index, indexEnd, epoch, epochEnd, registry] = all as [
    string[],
    number,
    string[],
    number,
    string[],
    number,
    string[],
  ];
  const text = JSON.stringify([fieldsOf(state), stateEnd, index, indexEnd, fieldsOf(epoch), epochEnd, registry]);
  return { reply: (reply as string[]).slice(1), text };
}

function fieldsOf(flat: readonly string[]): readonly (readonly [string, string])[] {
  return sortedFields(new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ""] as const] : []))));
}
