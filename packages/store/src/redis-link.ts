import type { Redis } from "ioredis";
import { classify, isNoScript } from "./classify.js";
import { execOrThrow } from "./exec.js";
import { scripts } from "./generated/scripts.js";
import { RedisConnection, type RedisConnectionConfig } from "./redis-connection.js";

export type ScriptName = keyof typeof scripts;

/** One call of a script or of a command that reads; its keys lie in one slot. */
export interface RedisCall {
  /** A script of ours, or the name of a command. */
  readonly run: { readonly script: ScriptName } | { readonly command: string };
  readonly keys: readonly string[];
  readonly args: readonly (string | Buffer)[];
  /** Whether bulk strings of the reply are wanted as bytes. */
  readonly asBytes?: boolean;
}

/** The way to one Redis or to a cluster of them. Everything but the start-up probe goes through it. */
export interface RedisLink {
  /**
   * Runs calls in any order, each once or more (scripts are idempotent), and answers with one reply a call, in order.
   *
   * @throws FreshetError when any of them is not known to be done.
   */
  run(calls: readonly RedisCall[]): Promise<readonly unknown[]>;
  /** Keys with one group may share a call: everything on one server, a slot of a cluster. */
  groupOf(key: string): string;
  /** Each of its servers that takes writes, for the start-up probe. */
  eachMaster<T>(work: (client: Redis) => Promise<T>): Promise<readonly T[]>;
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
          replies.push(...(await sendCalls(client, calls.slice(at, at + CALLS_PER_PIPELINE_MAX))));
        }
        return replies;
      });
    },
    groupOf: () => "",
    eachMaster: async (work) => [await connection.run((client) => work(client))],
    close: () => connection.close(),
  };
}

/** One pipeline. Calls may run in any order and more than once (a resend after NOSCRIPT or a lost connection). */
async function sendCalls(client: Redis, calls: readonly RedisCall[]): Promise<readonly unknown[]> {
  const pipeline = client.pipeline();
  for (const call of calls) {
    const [name, ...before] = "script" in call.run ? ["evalsha", scripts[call.run.script].sha1, call.keys.length] : [call.run.command];
    const parts = [...before, ...call.keys, ...call.args];
    if (call.asBytes === true) pipeline.callBuffer(String(name), ...parts);
    else pipeline.call(String(name), ...parts);
  }
  return await execOrThrow(pipeline, (error, index) => resendWithText(client, error, calls[index]));
}

/** The server lost its scripts (restart, SCRIPT FLUSH, failover): the call is sent again alone, with the text. */
async function resendWithText(client: Redis, error: Error, call: RedisCall | undefined): Promise<unknown> {
  if (call === undefined || !("script" in call.run) || !isNoScript(error)) throw classify(error);
  const parts = [scripts[call.run.script].text, call.keys.length, ...call.keys, ...call.args];
  return call.asBytes === true ? await client.callBuffer("eval", ...parts) : await client.call("eval", ...parts);
}
