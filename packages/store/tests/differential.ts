import {
  type BustArguments,
  type BustOutcome,
  type BustStep,
  type EntryState,
  encodeFloors,
  gateFields,
  managedFields,
} from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";
import type { ChainableCommander, Redis } from "ioredis";
import { planBustCalls } from "../src/bust-calls.js";
import { execOrThrow } from "../src/exec.js";
import { parseBustReply } from "../src/replies.js";
import { type Case, type CaseClock, type RawKey, randomCase, randomShape } from "./cases.js";

export type Decide = (state: EntryState, args: BustArguments) => BustStep;

/** What a script made of a case, and when keys were read back. */
export interface Observed {
  readonly outcome: BustOutcome;
  readonly timeUs: number;
  readonly after: RawKey | null;
  readonly readAtMs: number;
}

/** A script, and arguments behind its own. */
export interface ScriptRun {
  readonly text: string;
  readonly more: readonly string[];
}

/** As many cases as one script call carries, of one shape. */
export function randomBatch(rng: Rng, clock: CaseClock, { prefix, size }: { prefix: string; size: number }): readonly Case[] {
  const shape = randomShape(rng);
  return Array.from({ length: size }, (_, i) => randomCase(rng, shape, { ...clock, key: `${prefix}${i}` }));
}

/** Puts the cases into Redis, runs the script once and reads everything back, all in one pipeline. */
export async function observe(client: Redis, script: ScriptRun, batch: readonly Case[]): Promise<readonly Observed[]> {
  const [call] = planBustCalls(
    batch.map((item) => item.bust),
    "apply",
  );
  if (call === undefined || call.keys.length !== batch.length) throw new Error("a batch must be one call");
  const pipeline = client.pipeline();
  for (const { bust, raw } of batch) seed(pipeline, bust.key, raw);
  const at = pipeline.length;
  pipeline.eval(script.text, call.keys.length, ...call.keys, ...call.args, ...script.more);
  for (const { bust, raw } of batch) read(pipeline, bust.key, raw);
  const replies = await execOrThrow(pipeline.time());
  const { timeUs, outcomes } = parseBustReply(replies[at], batch.length);
  const [seconds = 0, micros = 0] = (replies.at(-1) as string[]).map(Number);
  const readAtMs = Math.floor(seconds * 1000 + micros / 1000);
  return batch.map((_, i) => {
    const outcome = outcomes[i];
    if (outcome === undefined) throw new Error("no outcome");
    return { outcome, timeUs, after: rawOf(replies[at + 1 + 2 * i], Number(replies[at + 2 + 2 * i])), readAtMs };
  });
}

function seed(pipeline: ChainableCommander, key: string, raw: RawKey | null): void {
  pipeline.unlink(key);
  if (raw === null) return;
  if (typeof raw.content === "string") pipeline.set(key, raw.content);
  else pipeline.hset(key, raw.content);
  if (raw.expireAtMs !== null) pipeline.pexpireat(key, raw.expireAtMs);
}

/** A value that goes leaves nothing or a hash, so only a string that stays is read as one. */
function read(pipeline: ChainableCommander, key: string, raw: RawKey | null): void {
  if (typeof raw?.content === "string") pipeline.eval(READ_ANY, 1, key);
  else pipeline.hgetall(key);
  pipeline.pexpiretime(key);
}

const READ_ANY = `#!lua flags=no-writes
return redis.call("TYPE", KEYS[1]).ok == "string" and redis.call("GET", KEYS[1]) or redis.call("HGETALL", KEYS[1])`;

function rawOf(reply: unknown, expireAtMs: number): RawKey | null {
  if (expireAtMs === -2) return null;
  const expiry = expireAtMs === -1 ? null : expireAtMs;
  if (typeof reply === "string") return { content: reply, expireAtMs: expiry };
  if (!Array.isArray(reply)) return { content: reply as Record<string, string>, expireAtMs: expiry };
  const pairs = reply.flatMap((field: unknown, i) => (i % 2 === 0 ? [[String(field), String(reply[i + 1])] as const] : []));
  return { content: Object.fromEntries(pairs), expireAtMs: expiry };
}

/** Why a script and a decision disagree about a case, or `null`. */
export function disagreement(item: Case, seen: Observed, decide: Decide): string | null {
  const step = decide(stateAt(item, seen.timeUs), { ...item.args, nowUs: seen.timeUs });
  if (step.outcome !== seen.outcome) return `outcome ${seen.outcome}, decided ${step.outcome}`;
  const expected = rawAfter(item, step, seen.timeUs);
  if (expected !== null && expected.expireAtMs !== null && expected.expireAtMs <= seen.readAtMs) return null;
  const [is, due] = [JSON.stringify(sorted(seen.after)), JSON.stringify(sorted(expected))];
  return is === due ? null : `left ${is}, decided ${due}`;
}

/** Floors that cannot be read stand for a blind one raised at the time of the step. */
function stateAt({ state, floorState }: Case, nowUs: number): EntryState {
  return floorState === "unreadable" ? { ...state, blindFloor: { mode: "hard", raisedAtUs: nowUs } } : state;
}

function rawAfter({ raw, state, args, bust }: Case, step: BustStep, nowUs: number): RawKey | null {
  const { remove, write } = step;
  if (write === null) return remove ? null : raw;
  const names = bust.entry.kind === "managed" ? managedFields : gateFields;
  const isKept = state.value !== null && !remove;
  const floors = encodeFloors(write);
  const old = isKept && typeof raw?.content === "object" ? raw.content : {};
  const oldLease = typeof raw?.content === "object" ? raw.content[names.lease] : undefined;
  const lease = oldLease === undefined || (isRewritten(raw, remove) && write.lease === null) ? {} : { [names.lease]: oldLease };
  const raisedAts = [...write.floors, ...(write.blindFloor === null ? [] : [write.blindFloor])].map((floor) => floor.raisedAtUs);
  const leaseEndUs = state.lease !== null && state.lease.deadlineUs > nowUs ? state.lease.deadlineUs : 0;
  const endMs = Math.ceil(Math.max(...raisedAts.map((raisedAt) => raisedAt + args.floorTtlMs * 1000), leaseEndUs) / 1000);
  const oldEndMs = isKept ? (raw?.expireAtMs ?? null) : 0;
  return { content: { ...old, ...lease, [names.floors]: floors }, expireAtMs: oldEndMs === null ? null : Math.max(endMs, oldEndMs) };
}

/** Whether nothing of the old key is left: its value went, or was past its keep-until. Elsewhere a dead lease just stays. */
function isRewritten(raw: RawKey | null, remove: boolean): boolean {
  return remove || (typeof raw?.content === "object" && managedFields.keepUntil in raw.content);
}

function sorted(raw: RawKey | null): unknown {
  if (raw === null || typeof raw.content === "string") return raw;
  return { expireAtMs: raw.expireAtMs, fields: Object.entries(raw.content).sort(([a], [b]) => (a < b ? -1 : 1)) };
}
