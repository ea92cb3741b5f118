import type { Redis } from "ioredis";
import { classifyAlone } from "./classify.js";
import { type RedisCall, repliesOf, sendCalls } from "./redis-call.js";
import { RedisConnection, type RedisConnectionConfig } from "./redis-connection.js";

export type { RedisCall, ScriptName } from "./redis-call.js";

/** One server that takes writes, with a client that talks to it alone. */
export interface RedisMaster {
  readonly client: Redis;
  /** `host:port` where there are several, else empty. */
  readonly address: string;
  /** A key that begins with `name` and lies on this server. */
  keyHere(name: string): string;
}

/** The way to one Redis or to a cluster of them. Everything goes through it. */
export interface RedisLink {
  /**
   * Runs calls in any order, each once or more (scripts are idempotent), and answers with one reply a call, in order.
   *
   * @throws FreshetError when any of them is not known to be done.
   */
  run(calls: readonly RedisCall[]): Promise<readonly unknown[]>;
  /** Keys with one group may share a call: everything on one server, a slot of a cluster. */
  groupOf(key: string): string;
  /** Work that only reads, with a client of the server that has the key; it may be begun again. */
  readAt<T>(key: string, work: (client: Redis) => Promise<T>): Promise<T>;
  /** Each of its servers that takes writes, for the start-up probe. */
  eachMaster<T>(work: (master: RedisMaster) => Promise<T>): Promise<readonly T[]>;
  close(): void;
}

/** Calls in one pipeline; the reply of one is awaited before the next is sent. */
const CALLS_PER_PIPELINE_MAX = 32;

/** The way to one Redis. */
export function singleLink(config: RedisConnectionConfig): RedisLink {
  const connection = new RedisConnection(config);
  return {
    run: async (calls) => {
      if (calls.length === 0) return [];
      return await connection.run(async (client, signal) => {
        const replies: unknown[] = [];
        for (let at = 0; at < calls.length; at += CALLS_PER_PIPELINE_MAX) {
          signal.throwIfAborted();
          replies.push(...repliesOf(await sendCalls(client, calls.slice(at, at + CALLS_PER_PIPELINE_MAX)), classifyAlone));
        }
        return replies;
      });
    },
    groupOf: () => "",
    readAt: async (_key, work) =>
      await connection
        .run((client) => work(client))
        .catch((error: unknown) => {
          throw classifyAlone(error);
        }),
    eachMaster: async (work) => [await connection.run((client) => work({ client, address: "", keyHere: (name) => name }))],
    close: () => connection.close(),
  };
}
