import { FreshetError } from "@freshet/protocol";
import { scripts } from "./generated/scripts.js";
import type { ScriptName } from "./redis-link.js";

/** What a script of ours answered: the time of that Redis which the step went by, in microseconds, and the rest. */
export interface ScriptReply {
  readonly timeUs: number;
  readonly parts: readonly unknown[];
}

/**
 * A reply of the shape that the script's header names.
 *
 * @throws FreshetError FR2005 (`halt`) for anything else: nothing may be counted as done then.
 */
export function readReply(script: ScriptName, reply: unknown): ScriptReply {
  if (!Array.isArray(reply) || reply.length !== scripts[script].reply.length) throw unknownReply(script, "not as many parts as it names");
  const [time, ...parts]: readonly unknown[] = reply;
  return { timeUs: countOf(script, time), parts };
}

/** @throws FreshetError FR2005 for a letter that is not listed. */
export function letterOf<T>(script: ScriptName, part: unknown, letters: Readonly<Record<string, T>>): T {
  const outcome = typeof part === "string" && Object.hasOwn(letters, part) ? letters[part] : undefined;
  if (outcome === undefined) throw unknownReply(script, "an unknown letter");
  return outcome;
}

/** @throws FreshetError FR2005 for what is no whole number of at most 16 digits. */
export function countOf(script: ScriptName, part: unknown): number {
  if (typeof part !== "string" || !/^\d{1,16}$/.test(part)) throw unknownReply(script, "no number");
  return Number(part);
}

/** @throws FreshetError FR2005 for what is no text. */
export function textOf(script: ScriptName, part: unknown): string {
  if (typeof part !== "string") throw unknownReply(script, "no text");
  return part;
}

/** A flat list of texts in pairs: fields with what they hold, members with their scores. */
export function pairsOf(script: ScriptName | "zset", part: unknown): readonly (readonly [string, string])[] {
  const flat: readonly unknown[] = Array.isArray(part) ? part : [null];
  if (flat.length % 2 !== 0 || !flat.every((item) => typeof item === "string")) throw unknownReply(script, "no pairs");
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[String(name), String(flat[i + 1])] as const] : []));
}

function unknownReply(script: string, what: string): FreshetError {
  const problem = `The script ${script} answered ${what}.`;
  return new FreshetError("FR2005", "halt", problem, "Check what stands between Freshet and Redis; report it.");
}
