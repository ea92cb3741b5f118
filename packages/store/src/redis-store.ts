import { type BustOutcome, FreshetError, type KeyBust } from "@freshet/protocol";
import type { Redis } from "ioredis";
import { type BustCall, type BustRun, planBustCalls } from "./bust-calls.js";
import { classify, isNoScript } from "./classify.js";
import { execOrThrow } from "./exec.js";
import { scripts } from "./generated/scripts.js";
import { inspectEntry } from "./inspect.js";
import type { StorePort } from "./port.js";
import { probeRedis } from "./probe.js";
import { RedisConnection, type RedisConnectionConfig } from "./redis-connection.js";
import { parseBustReply } from "./replies.js";

export interface RedisStoreConfig extends RedisConnectionConfig {
  /** Before each of Freshet's own keys, `fr:` by default; entries have their families' keys. */
  readonly prefix: string;
  /** Accept a `maxmemory-policy` other than `noeviction`: evicted floors and leases let a lagging load come back. */
  readonly allowEviction?: boolean;
  /** Nothing is ever written: `bust` answers what it would have done, and the probe asks for no right to write. */
  readonly readOnly?: boolean;
}

/** Script calls in one pipeline; the reply of one is awaited before the next is sent. */
const CALLS_PER_PIPELINE_MAX = 32;

/**
 * The store over one Redis. Connects on first use; every call settles within its deadline whatever the network does.
 *
 * @throws FreshetError FR1002 for a URL that cannot be one of Redis.
 */
export function createRedisStore(config: RedisStoreConfig): StorePort {
  if (!/^rediss?:\/\//.test(config.url)) {
    throw new FreshetError("FR1002", "usage", "The Redis URL must begin with redis:// or rediss://.", "Correct FRESHET_REDIS_URL.");
  }
  const connection = new RedisConnection(config);
  const { prefix, allowEviction = false } = config;
  const run: BustRun = config.readOnly === true ? "preview" : "apply";
  return {
    bust: (busts) => runBusts(connection, busts, run),
    preview: (busts) => runBusts(connection, busts, "preview"),
    inspect: (key, entry) => connection.run((client) => inspectEntry(client, key, entry)),
    probe: () => connection.run((client) => probeRedis(client, { probeKey: `${prefix}probe`, allowEviction, run })),
    close: async () => connection.close(),
  };
}

async function runBusts(connection: RedisConnection, busts: readonly KeyBust[], run: BustRun): Promise<readonly BustOutcome[]> {
  const calls = planBustCalls(busts, run);
  if (calls.length === 0) return [];
  const outcomes = new Array<BustOutcome>(busts.length);
  await connection.run(async (client, signal) => {
    for (let at = 0; at < calls.length; at += CALLS_PER_PIPELINE_MAX) {
      signal.throwIfAborted();
      await sendBusts(client, calls.slice(at, at + CALLS_PER_PIPELINE_MAX), outcomes);
    }
  });
  return outcomes;
}

/** One pipeline. Calls may run in any order and more than once (a resend after NOSCRIPT or a lost connection). */
async function sendBusts(client: Redis, calls: readonly BustCall[], outcomes: BustOutcome[]): Promise<void> {
  const pipeline = client.pipeline();
  for (const { keys, args } of calls) pipeline.evalsha(scripts.bust.sha1, keys.length, ...keys, ...args);
  const replies = await execOrThrow(pipeline, (error, index) => resendWithText(client, error, calls[index]));
  for (const [index, call] of calls.entries()) {
    const reply = parseBustReply(replies[index], call.keys.length);
    for (const [i, outcome] of reply.outcomes.entries()) outcomes[call.positions[i] ?? -1] = outcome;
  }
}

/** The server lost its scripts (restart, SCRIPT FLUSH, failover): the call is sent again alone, with the text. */
async function resendWithText(client: Redis, error: Error, call: BustCall | undefined): Promise<unknown> {
  if (call === undefined || !isNoScript(error)) throw classify(error);
  return await client.eval(scripts.bust.text, call.keys.length, ...call.keys, ...call.args);
}
