import { Command, Pipeline, type Redis } from "ioredis";
import { classify, isNoScript } from "./classify.js";
import { execSlots, type Slot } from "./exec.js";
import { scripts } from "./generated/scripts.js";
import { requestText } from "./request-text.js";
import { WireCommand } from "./wire-command.js";

export type ScriptName = keyof typeof scripts;

/** One call of a script or of a command that reads; its keys lie in one slot. */
export interface RedisCall {
  /** A script of ours, or the name of a command. */
  readonly run: { readonly script: ScriptName } | { readonly command: string };
  readonly keys: readonly string[];
  readonly args: readonly (string | Buffer)[];
  /** Whether bulk strings of the reply are wanted as bytes. */
  readonly asBytes?: boolean;
  /** For a call of several keys whose slot is moving: then some lie here and some there, and no server takes them together. */
  readonly apart?: ApartCall;
}

/** The same work as one call a key, and the reply the whole call would have had. */
export interface ApartCall {
  calls(): readonly RedisCall[];
  join(replies: readonly unknown[]): unknown;
}

/**
 * Sends calls in one pipeline and answers with one slot a call. They may run in any order and more than once (a resend
 * after NOSCRIPT or a lost connection). `asking`: this server takes them although their slot is still another's.
 *
 * @throws FreshetError when the pipeline as a whole was not answered.
 */
export async function sendCalls(client: Redis, calls: readonly RedisCall[], asking = false): Promise<readonly Slot[]> {
  const pipeline = new Pipeline(client);
  for (const call of calls) addCall(pipeline, call, { asking, by: "digest" });
  const slots = await execSlots(pipeline);
  const own = asking ? slots.filter((_slot, index) => index % 2 === 1) : slots;
  if (own.every(([error]) => error === null)) return own;
  return await Promise.all(own.map((slot, index) => withTextIfLost(client, { slot, call: calls[index], asking })));
}

interface Answered {
  readonly slot: Slot;
  readonly call: RedisCall | undefined;
  readonly asking: boolean;
}

/** The server lost its scripts (restart, SCRIPT FLUSH, failover): the call is sent again alone, with the text. */
async function withTextIfLost(client: Redis, { slot, call, asking }: Answered): Promise<Slot> {
  if (call === undefined || !("script" in call.run) || !isNoScript(slot[0])) return slot;
  const pipeline = new Pipeline(client);
  addCall(pipeline, call, { asking, by: "text" });
  const slots = await execSlots(pipeline);
  return slots.at(-1) ?? slot;
}

interface Sending {
  /** With a word before it that this server may take it although its slot is another's. */
  readonly asking: boolean;
  readonly by: "digest" | "text";
}

function addCall(pipeline: Pipeline, call: RedisCall, { asking, by }: Sending): void {
  if (asking) pipeline.asking();
  pipeline.sendCommand(commandOf(call, by));
}

function commandOf({ run, keys, args, asBytes = false }: RedisCall, by: Sending["by"]): Command {
  const words = "script" in run ? [...scriptBy(run.script, by), String(keys.length)] : [run.command];
  const [name = "", ...before] = words;
  if (isText(args)) return new WireCommand(name, requestText(words, keys, args), asBytes);
  return new Command(name, [...before, ...keys, ...args], { replyEncoding: asBytes ? null : "utf8" });
}

function isText(args: RedisCall["args"]): args is readonly string[] {
  return args.every((arg) => typeof arg === "string");
}

function scriptBy(name: ScriptName, by: Sending["by"]): readonly [string, string] {
  return by === "digest" ? ["evalsha", scripts[name].sha1] : ["eval", scripts[name].text];
}

/**
 * @param asError says what the error of a slot means.
 * @throws FreshetError of a slot that failed; one that halts goes before one that waits.
 */
export function repliesOf(slots: readonly Slot[], asError = classify): readonly unknown[] {
  const failures = slots.flatMap(([error]) => (error === null ? [] : [asError(error)]));
  const failure = failures.find((error) => error.disposition === "halt") ?? failures[0];
  if (failure !== undefined) throw failure;
  return slots.map(([, reply]) => reply);
}
