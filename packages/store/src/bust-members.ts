import { asFreshetError, type BustOutcome, type KeyBust } from "@freshet/protocol";
import { isKeyRefused } from "./key-refused.js";
import { isOwnKey } from "./own-keys.js";
import type { MemberOutcome } from "./port.js";

export interface MemberWay {
  readonly prefix: string;
  readonly bust: (busts: readonly KeyBust[]) => Promise<readonly BustOutcome[]>;
}

/**
 * Busts members of an index, whatever somebody put there: Freshet's own keys are left alone, and a key that this user may not touch
 * holds up no other.
 */
export async function bustMembers(busts: readonly KeyBust[], { prefix, bust }: MemberWay): Promise<readonly MemberOutcome[]> {
  const others = busts.filter(({ key }) => !isOwnKey(key, prefix));
  const outcomes = others.length === 0 ? [] : await bustApart(others, bust);
  // Outcomes that do not match are handed on as they are: the walk takes no step by them.
  if (others.length === busts.length || outcomes.length !== others.length) return outcomes;
  let at = 0;
  return busts.map(({ key }) => (isOwnKey(key, prefix) ? "own" : (outcomes[at++] ?? "refused")));
}

/** Redis refuses a call whole for one of its keys: what is refused is cut in two, until the keys that it is for stand alone. */
async function bustApart(busts: readonly KeyBust[], bust: MemberWay["bust"]): Promise<readonly MemberOutcome[]> {
  try {
    return await bust(busts);
  } catch (error) {
    if (!isKeyRefused(asFreshetError(error))) throw error;
  }
  const half = halfOf(busts);
  if (half === 0) return busts.map(() => "refused" as const);
  const first = await bustApart(busts.slice(0, half), bust);
  return [...first, ...(await bustApart(busts.slice(half), bust))];
}

/** Where the second half of the keys begins; busts of one key stay together. 0 when there is only one. */
function halfOf(busts: readonly KeyBust[]): number {
  const starts = busts.flatMap(({ key }, at) => (at > 0 && key === busts[at - 1]?.key ? [] : [at]));
  return starts[Math.floor(starts.length / 2)] ?? 0;
}
