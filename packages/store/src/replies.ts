import { type BustOutcome, FreshetError } from "@freshet/protocol";

/** Every letter a bust may answer for one key. */
const outcomeByLetter: ReadonlyMap<string, BustOutcome> = new Map([
  ["r", "removed"],
  ["s", "softened"],
  ["a", "absent"],
  ["c", "covered"],
  ["u", "unversioned"],
]);

/** What one call of the bust script answered. */
export interface BustReply {
  /** The time of that Redis which the call went by, in microseconds. */
  readonly timeUs: number;
  /** One per key, in the order of the keys. */
  readonly outcomes: readonly BustOutcome[];
}

/**
 * The reply of `bust.lua` as outcomes.
 *
 * @throws FreshetError FR2005 when it is anything but one known letter per key: nothing may be counted as done then.
 */
export function parseBustReply(reply: unknown, keys: number): BustReply {
  const [time, letters] = Array.isArray(reply) ? reply : [];
  if (typeof time !== "string" || typeof letters !== "string" || !/^\d{1,16}$/.test(time)) throw unknownReply("no time and letters");
  if (letters.length !== keys) throw unknownReply("not one letter per key");
  const outcomes: BustOutcome[] = [];
  for (const letter of letters) {
    const outcome = outcomeByLetter.get(letter);
    if (outcome === undefined) throw unknownReply("an unknown letter");
    outcomes.push(outcome);
  }
  return { timeUs: Number(time), outcomes };
}

/** The replies of calls of one bust each as the reply of one call of all of them. */
export function joinBustReplies(replies: readonly unknown[]): unknown {
  const parts = replies.map((reply) => (Array.isArray(reply) ? reply.map(String) : []));
  return [parts[0]?.[0], parts.map(([, letters = ""]) => letters).join("")];
}

function unknownReply(what: string): FreshetError {
  return new FreshetError("FR2005", "halt", `The bust script answered ${what}.`, "Check what stands between Freshet and Redis; report it.");
}
