import { type ClaimArguments, decodeCursor, encodeCursor, type IndexMember, readPending, type SweepCursor } from "@freshet/protocol";
import type { ClaimReply, SweepPort, TagPort } from "./port.js";
import type { RedisCall, RedisLink } from "./redis-link.js";
import { registryKey, tagKeys } from "./tag-keys.js";
import { countOf, letterOf, pairsOf, readReply, textOf } from "./tag-replies.js";
import { checkClaim, checkSweepId, checkTag, checkTrim } from "./tag-requests.js";

type SweepSteps = Omit<SweepPort, "bustMembers"> & Pick<TagPort, "indexRemove">;

/** Members one script call handles, so that no call blocks the server for long. */
const MEMBERS_PER_CALL_MAX = 500;
const TRIMMED_PER_CALL_MAX = 1_000;
/** In place of the list of a walk that lost it: a text that cannot be read, and so stands for a blind bust. */
const LOST_LIST = "?";

/** The steps of a walk over the index of a tag. */
export function redisSweeps(link: RedisLink, prefix: string): SweepSteps {
  const ask = async (call: RedisCall): Promise<unknown> => (await link.run([call]))[0];
  const registry = registryKey(prefix);
  const indexRemove = async (tag: string, members: readonly IndexMember[]) => {
    const { index } = tagKeys(prefix, checkTag(tag));
    const calls = slicesOf(members).map((slice) => ({ run: { script: "index-remove" as const }, keys: [index], args: pairs(slice) }));
    const replies = await link.run(calls);
    return replies.reduce<number>((sum, reply) => sum + countOf("index-remove", readReply("index-remove", reply).parts[0]), 0);
  };
  return {
    indexRemove,
    pendingSweeps: async (atMost) => {
      const last = atMost === undefined ? -1 : Math.max(0, atMost - 1);
      const reply = await ask({ run: { command: "zrange" }, keys: [registry], args: ["0", String(last), "WITHSCORES"] });
      return pairsOf("zset", reply).map(([tag, seen]) => ({ tag, seen: Number(seen) }));
    },
    claimSweep: async (tag, claim) => parseClaim(await ask(claimCall(prefix, tag, claim))),
    readIndex: async (tag, { from, to, limit }) => {
      const args = [from === null ? "-inf" : String(from), String(to), "WITHSCORES", "LIMIT", "0", String(limit)];
      const reply = await ask({ run: { command: "zrangebyscore" }, keys: [tagKeys(prefix, checkTag(tag)).index], args });
      return pairsOf("zset", reply).map(([key, score]) => ({ key, score: Number(score) }));
    },
    moveSweep: async (tag, step) => {
      const [first = [], ...rest] = slicesOf(step.gone);
      const reply = readReply("sweep-move", await ask(moveCall(prefix, tag, { ...step, gone: first })));
      const outcome = letterOf("sweep-move", reply.parts[0], { m: "moved" as const, l: "lost" as const });
      if (outcome === "moved") await indexRemove(tag, rest.flat());
      return outcome;
    },
    endSweep: async (tag, id) => {
      const call: RedisCall = { run: { script: "sweep-end" }, keys: [tagKeys(prefix, checkTag(tag)).state], args: [checkSweepId(id)] };
      const letters = { e: "ended", m: "more", l: "lost" } as const;
      return letterOf("sweep-end", readReply("sweep-end", await ask(call)).parts[0], letters);
    },
    forgetSweep: async ({ tag, seen }) => {
      const reply = await ask({ run: { script: "registry-forget" }, keys: [registry], args: [tag, String(seen)] });
      return countOf("registry-forget", readReply("registry-forget", reply).parts[0]) > 0;
    },
    trimIndex: async (tag, skewMs) => {
      const { index, state } = tagKeys(prefix, checkTrim(tag, skewMs));
      const args = [String(skewMs), String(TRIMMED_PER_CALL_MAX)];
      const reply = readReply("index-trim", await ask({ run: { script: "index-trim" }, keys: [index, state], args }));
      return countOf("index-trim", reply.parts[0]);
    },
  };
}

/** Puts tags on the list of those to be swept, or raises their scores. */
export async function registerSweeps(link: RedisLink, prefix: string, tags: readonly string[]): Promise<void> {
  const keys = [registryKey(prefix)];
  const replies = await link.run(slicesOf(tags).map((args) => ({ run: { script: "registry-add" }, keys, args })));
  for (const reply of replies) readReply("registry-add", reply);
}

function claimCall(prefix: string, tag: string, claim: Omit<ClaimArguments, "nowUs">): RedisCall {
  checkClaim(claim);
  const { id, was, holdMs } = claim;
  const args = [id, String(holdMs), was ?? ""];
  return { run: { script: "sweep-claim" }, keys: [tagKeys(prefix, checkTag(tag)).state], args };
}

function parseClaim(reply: unknown): ClaimReply {
  const { timeUs, parts } = readReply("sweep-claim", reply);
  const outcome = letterOf("sweep-claim", parts[0], { c: "claimed" as const, h: "held" as const, i: "idle" as const });
  if (outcome !== "claimed") return { outcome };
  const busts = readPending(textOf("sweep-claim", parts[1]) || LOST_LIST, timeUs);
  return { outcome, busts, cursor: decodeCursor(textOf("sweep-claim", parts[2])), atUs: timeUs };
}

interface Move {
  readonly id: string;
  readonly holdMs: number;
  readonly cursor: SweepCursor;
  readonly gone: readonly IndexMember[];
}

function moveCall(prefix: string, tag: string, { id, holdMs, cursor, gone }: Move): RedisCall {
  const { index, state } = tagKeys(prefix, checkTag(tag));
  checkClaim({ id, holdMs });
  const args = [id, String(holdMs), encodeCursor(cursor), ...pairs(gone)];
  return { run: { script: "sweep-move" }, keys: [index, state], args };
}

function pairs(members: readonly IndexMember[]): readonly string[] {
  return members.flatMap(({ key, score }) => [key, String(score)]);
}

function slicesOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const starts = Array.from({ length: Math.ceil(items.length / MEMBERS_PER_CALL_MAX) }, (_, i) => i * MEMBERS_PER_CALL_MAX);
  return starts.map((start) => items.slice(start, start + MEMBERS_PER_CALL_MAX));
}
