import type { Redis } from "ioredis";
import { classify, replyWord } from "./classify.js";
import { execSlots } from "./exec.js";
import { commandsOf, type StoreCommand, type StoreRole } from "./roles.js";

/** Keys of our own in one slot, of one Redis type each. */
export interface ProbeKeys {
  readonly text: string;
  readonly fields: string;
  readonly scores: string;
}

/** How a command is tried: at a key of the type it wants, at each of them, or without one. */
interface Trial {
  readonly writes: boolean;
  readonly at: keyof ProbeKeys | "each" | "nothing";
  readonly args: readonly string[];
}

function reads(at: Trial["at"], ...args: string[]): Trial {
  return { writes: false, at, args };
}

function writes(at: Trial["at"], ...args: string[]): Trial {
  return { writes: true, at, args };
}

/**
 * In the order in which they are tried: the last ones leave nothing behind. A command that a script begins to use does
 * not compile until it stands here.
 */
const trials: Readonly<Record<StoreCommand, Trial>> = {
  TIME: reads("nothing"),
  TYPE: reads("text"),
  PTTL: reads("text"),
  GET: reads("text"),
  MGET: reads("text"),
  GETRANGE: reads("text", "0", "20"),
  STRLEN: reads("text"),
  EXISTS: reads("text"),
  HGET: reads("fields", "a"),
  HMGET: reads("fields", "a"),
  HGETALL: reads("fields"),
  HEXISTS: reads("fields", "a"),
  HKEYS: reads("fields"),
  HLEN: reads("fields"),
  HSTRLEN: reads("fields", "a"),
  PEXPIRETIME: reads("text"),
  ZCARD: reads("scores"),
  ZCOUNT: reads("scores", "-inf", "+inf"),
  ZRANGE: reads("scores", "0", "0"),
  ZRANGEBYSCORE: reads("scores", "0", "0"),
  ZSCORE: reads("scores", "a"),
  MSET: writes("text", ""),
  SET: writes("text", ""),
  HSET: writes("fields", "a", ""),
  HDEL: writes("fields", "b"),
  ZADD: writes("scores", "1", "a"),
  ZREM: writes("scores", "b"),
  ZREMRANGEBYRANK: writes("scores", "1", "1"),
  PERSIST: writes("text"),
  PEXPIREAT: writes("each", "1"),
  UNLINK: writes("each"),
};

/** What Redis says of a command that this user may run: of a full memory, and of a script it does not hold. */
const allowed: ReadonlySet<string> = new Set(["OOM", "NOSCRIPT"]);

/** Of the commands that a role needs, those this user may not run; `readsOnly` leaves out what writes. */
export interface RightsAsked {
  readonly role: StoreRole | null;
  readonly readsOnly: boolean;
  /** Full names of other commands, as access lists write them, with their arguments. */
  readonly besides: readonly (readonly [name: string, ...args: string[]])[];
}

export interface MissingRights {
  /** As access lists write them: `hget`, `script|load`. */
  readonly commands: readonly string[];
  /** Whether keys of our own are out of reach, whatever the command. */
  readonly keys: boolean;
}

/**
 * Runs each command that is needed, on keys of our own. Whatever else Redis answers, it has looked at the rights before.
 *
 * @throws FreshetError when it cannot be asked.
 */
export async function missingRights(client: Redis, keys: ProbeKeys, asked: RightsAsked): Promise<MissingRights> {
  const calls = [...asked.besides.map(([name, ...args]) => ({ name, parts: [...name.split("|"), ...args] })), ...trialsOf(keys, asked)];
  const pipeline = client.pipeline();
  for (const { parts } of calls) pipeline.call(...splitFirst(parts));
  const slots = await execSlots(pipeline);
  const commands = new Set<string>();
  let isKeyRefused = false;
  for (const [at, [error]] of slots.entries()) {
    if (error === null || allowed.has(replyWord(error) ?? "")) continue;
    if (replyWord(error) !== "NOPERM") throw classify(error);
    if (/permissions? to access/i.test(error.message)) isKeyRefused = true;
    else commands.add(calls[at]?.name ?? "");
  }
  return { commands: [...commands], keys: isKeyRefused };
}

function trialsOf(keys: ProbeKeys, { role, readsOnly }: RightsAsked): readonly { name: string; parts: readonly string[] }[] {
  const needed: ReadonlySet<string> = commandsOf(role);
  const due = Object.entries(trials).filter(([command, trial]) => needed.has(command) && !(readsOnly && trial.writes));
  return due.flatMap(([command, { at, args }]) => {
    const places = at === "each" ? Object.values(keys) : at === "nothing" ? [] : [keys[at]];
    const name = command.toLowerCase();
    return places.length === 0 ? [{ name, parts: [name, ...args] }] : places.map((key) => ({ name, parts: [name, key, ...args] }));
  });
}

function splitFirst([first = "", ...rest]: readonly string[]): [string, ...string[]] {
  return [first, ...rest];
}
