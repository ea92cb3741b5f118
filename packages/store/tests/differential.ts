import { type BustOutcome, bust as decideBust, limits } from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";
import type { ChainableCommander, Redis } from "ioredis";
import { hasGateKey, planBustCalls } from "../src/bust-calls.js";
import { execOrThrow } from "../src/exec.js";
import { scripts } from "../src/generated/scripts.js";
import { bustKeys, type DecideBust } from "../src/memory-busts.js";
import type { StoredKey } from "../src/memory-keyspace.js";
import { Keyspace } from "../src/memory-keyspace.js";
import { parseBustReply } from "../src/replies.js";
import { type Case, type CaseClock, randomCase, randomShape, type Shape } from "./cases.js";

/** The busts of one script call, and what lies there before. */
export interface Batch {
  readonly shape: Shape;
  readonly cases: readonly Case[];
  /** Everything that lies there before: of a key that repeats, what its first case says. */
  readonly keys: ReadonlyMap<string, StoredKey | null>;
}

/** What a script made of a batch. */
export interface Observed {
  readonly outcomes: readonly BustOutcome[];
  readonly timeUs: number;
  readonly after: ReadonlyMap<string, StoredKey | null>;
  /** When keys were read back. */
  readonly readAtMs: number;
}

/** The scripts, as shipped or edited, and arguments behind their own. */
export interface ScriptRun {
  readonly texts: Readonly<Record<"bust" | "bust-other", string>>;
  readonly more: readonly string[];
}

export const shipped: ScriptRun["texts"] = { bust: scripts.bust.text, "bust-other": scripts["bust-other"].text };

/** As many cases as one script call carries, of one shape; now and then a key comes twice. */
export function randomBatch(rng: Rng, clock: CaseClock, prefix: string): Batch {
  const shape = randomShape(rng);
  const perBust = 1 + (hasGateKey(shape.entry) ? 1 : 0) + (shape.entry.kind === "companion" ? 1 : 0);
  const size = Math.floor(limits.keysPerScriptMax / perBust);
  const repeats = rng.chance(0.3) ? 0.1 : 0;
  const keyOf = (i: number) => `${prefix}${rng.chance(repeats) ? rng.integer(0, i) : i}`;
  const cases = Array.from({ length: size }, (_, i) => randomCase(rng, shape, { ...clock, key: keyOf(i) }));
  const keys = new Map<string, StoredKey | null>();
  for (const item of cases) for (const [key, stored] of item.keys) if (!keys.has(key)) keys.set(key, stored);
  return { shape, cases, keys };
}

/** Puts a batch into Redis, runs its script once and reads everything back, all in one pipeline; nothing is left. */
export async function observe(client: Redis, { texts, more }: ScriptRun, { shape, cases, keys }: Batch): Promise<Observed> {
  const busts = cases.map((item) => item.bust);
  const [call, ...rest] = planBustCalls(busts, shape.way);
  if (call === undefined || rest.length > 0) throw new Error("a batch must be one call");
  const pipeline = client.pipeline();
  for (const [key, stored] of keys) seed(pipeline, key, stored);
  const at = pipeline.length;
  pipeline.eval(texts[call.script], call.keys.length, ...call.keys, ...call.args, ...more);
  const names = [...keys.keys()];
  pipeline.eval(READ_ANY, names.length, ...names);
  const replies = await execOrThrow(pipeline.unlink(...names).time());
  const { timeUs, outcomes } = parseBustReply(replies[at], cases.length);
  const [seconds = 0, micros = 0] = (replies.at(-1) as string[]).map(Number);
  const after = new Map(names.map((name, i) => [name, storedOf((replies[at + 1] as unknown[])[i])]));
  return { outcomes, timeUs, after, readAtMs: Math.floor(seconds * 1000 + micros / 1000) };
}

function seed(pipeline: ChainableCommander, key: string, stored: StoredKey | null): void {
  if (stored === null) return;
  if (typeof stored.content === "string") pipeline.set(key, stored.content);
  else pipeline.hset(key, Object.fromEntries(stored.content));
  if (stored.expireAtMs !== null) pipeline.pexpireat(key, stored.expireAtMs);
}

const READ_ANY = `#!lua flags=no-writes
local found = {}
for i, key in ipairs(KEYS) do
  local kind, ends = redis.call("TYPE", key).ok, string.format("%.0f", redis.call("PEXPIRETIME", key))
  local content = kind == "string" and redis.call("GET", key) or kind == "hash" and redis.call("HGETALL", key) or nil
  found[i] = { ends, content }
end
return found`;

function storedOf(reply: unknown): StoredKey | null {
  const [ends, content] = reply as [string, (string | string[])?];
  if (content === undefined) return null;
  const expireAtMs = ends === "-1" ? null : Number(ends);
  if (typeof content === "string") return { content, expireAtMs };
  const pairs = content.flatMap((field, i) => (i % 2 === 0 ? [[field, content[i + 1] ?? ""] as const] : []));
  return { content: new Map(pairs), expireAtMs };
}

/** Why a script and a decision disagree about a batch, or `null`. */
export function disagreement({ shape, cases, keys }: Batch, seen: Observed, decide: DecideBust = decideBust): string | null {
  const space = new Keyspace(() => seen.timeUs);
  for (const [key, stored] of keys) space.set(key, stored ?? undefined);
  const outcomes = bustKeys(
    space,
    cases.map((item) => item.bust),
    { ...shape.way, decide },
  );
  const wrong = outcomes.findIndex((outcome, i) => outcome !== seen.outcomes[i]);
  if (wrong !== -1) return `outcome ${seen.outcomes[wrong]}, decided ${outcomes[wrong]} for ${show(cases[wrong])} of ${show(shape)}`;
  for (const [key, before] of keys) {
    const due = space.get(key) ?? null;
    if (due !== null && due.expireAtMs !== null && due.expireAtMs <= seen.readAtMs) continue;
    const is = seen.after.get(key) ?? null;
    if (show(sorted(is)) !== show(sorted(due))) return `left ${show(is)}, decided ${show(due)}, before ${show(before)} of ${show(shape)}`;
  }
  return null;
}

/** The same with its fields in order. */
export function sorted(stored: StoredKey | null): unknown {
  if (stored === null || typeof stored.content === "string") return stored;
  return { ...stored, content: [...stored.content].sort(([a], [b]) => (a < b ? -1 : 1)) };
}

export function show(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => (part instanceof Map ? [...part] : part));
}
