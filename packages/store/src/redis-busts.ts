import type { BustOutcome, KeyBust } from "@freshet/protocol";
import { type BustCall, type BustWay, planBustCalls } from "./bust-calls.js";
import { checkBusts } from "./bust-requests.js";
import type { RedisCall, RedisLink } from "./redis-link.js";
import { joinBustReplies, parseBustReply } from "./replies.js";

/** The bust step on Redis, for as many keys as asked. */
export async function runBusts(link: RedisLink, busts: readonly KeyBust[], way: Omit<BustWay, "groupOf">): Promise<readonly BustOutcome[]> {
  // What lies in an index is busted as it lies there: refusing it would hold up the walk for ever.
  if (way.floor !== "none") checkBusts(busts);
  const calls = planBustCalls(busts, { ...way, groupOf: link.groupOf });
  const outcomes = new Array<BustOutcome>(busts.length);
  const oneByOne = ({ positions }: BustCall) => positions.flatMap((at) => planBustCalls(busts.slice(at, at + 1), way)).map(scriptCall);
  const withApart = (call: BustCall): RedisCall => {
    if (call.positions.length === 1) return scriptCall(call);
    return { ...scriptCall(call), apart: { calls: () => oneByOne(call), join: joinBustReplies } };
  };
  const replies = await link.run(calls.map(withApart));
  for (const [index, call] of calls.entries()) {
    const reply = parseBustReply(replies[index], call.positions.length);
    for (let i = 0; i < call.positions.length; i++) {
      const outcome = reply.outcomes[i];
      if (outcome !== undefined) outcomes[call.positions[i] ?? -1] = outcome;
    }
  }
  return outcomes;
}

function scriptCall({ script, keys, args }: BustCall): RedisCall {
  return { run: { script }, keys, args };
}
