import { classify, replyWord } from "./classify.js";
import { SLOTS } from "./key-slot.js";
import { hostOf } from "./slot-map.js";

/**
 * What to do about a call that a server of a cluster did not answer: send it to another server (`moved`, for good; `ask`,
 * this once), send its keys one by one (`split`), try again soon with a fresh map (`again`), or give up.
 */
export type Verdict =
  | { readonly next: "moved"; readonly slot: number; readonly address: string }
  | { readonly next: "ask"; readonly address: string }
  | { readonly next: "split" | "again" | "give_up" };

// What a cluster gets over by itself: fail-overs, restarts, and slots that are on their way. A server that is full, has
// too few replicas or runs an endless script is left to the caller, as it is where there is only one.
const PASSING: ReadonlySet<string> = new Set(["CLUSTERDOWN", "MASTERDOWN", "LOADING", "READONLY", "NOSCRIPT"]);

/** @param asked is the server that answered: a redirection without a host means its host. */
export function judge(error: Error, asked: string): Verdict {
  const word = replyWord(error);
  if (word === null) return { next: classify(error).disposition === "wait" ? "again" : "give_up" };
  if (word === "MOVED" || word === "ASK") return redirectOf(word, error.message, asked);
  if (word === "TRYAGAIN" || word === "CROSSSLOT") return { next: "split" };
  return { next: PASSING.has(word) ? "again" : "give_up" };
}

function redirectOf(word: "MOVED" | "ASK", message: string, asked: string): Verdict {
  const [, slot = "", host = "", port = ""] = /\b(?:MOVED|ASK) (\d+) (\S*):(\d+)/.exec(message) ?? [];
  if (port === "" || Number(slot) >= SLOTS) return { next: "again" };
  const address = `${host === "" || host === "?" ? hostOf(asked) : host}:${port}`;
  return word === "ASK" ? { next: "ask", address } : { next: "moved", slot: Number(slot), address };
}
