import type { BustOutcome, KeyBust } from "@freshet/protocol";
import { type BustWay, planBustCalls } from "./bust-calls.js";
import type { RedisLink } from "./redis-link.js";
import { parseBustReply } from "./replies.js";

/** The bust step on Redis, for as many keys as asked. */
export async function runBusts(link: RedisLink, busts: readonly KeyBust[], way: Omit<BustWay, "groupOf">): Promise<readonly BustOutcome[]> {
  const calls = planBustCalls(busts, { ...way, groupOf: link.groupOf });
  const outcomes = new Array<BustOutcome>(busts.length);
  const replies = await link.run(calls.map(({ keys, args }) => ({ run: { script: "bust" }, keys, args })));
  for (const [index, call] of calls.entries()) {
    const reply = parseBustReply(replies[index], call.keys.length);
    for (const [i, outcome] of reply.outcomes.entries()) outcomes[call.positions[i] ?? -1] = outcome;
  }
  return outcomes;
}
