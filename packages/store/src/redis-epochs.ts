import { type Epoch, type EpochState, getEpoch, limits, type TagBust, type TagOutcome } from "@freshet/protocol";
import type { BustRun } from "./bust-calls.js";
import type { EpochTag } from "./port.js";
import type { RedisCall } from "./redis-link.js";
import { tagKeys } from "./tag-keys.js";
import { countOf, letterOf, readReply } from "./tag-replies.js";
import { checkTag } from "./tag-requests.js";

/** Reads the epoch of a tag, and makes a missing one. */
export function epochGetCall(prefix: string, { tag, skewMs, run = "apply" }: EpochTag): RedisCall {
  return { run: { script: "epoch-get" }, keys: [tagKeys(prefix, checkTag(tag)).epoch], args: [String(skewMs), run] };
}

/** @throws FreshetError FR2005 for a reply that is none of its own. */
export function parseEpochGet(reply: unknown): Epoch {
  const { timeUs, parts } = readReply("epoch-get", reply);
  const [generation, hardGeneration] = [countOf("epoch-get", parts[0]), countOf("epoch-get", parts[1])];
  return epochAt({ generation, hardGeneration, records: [] }, timeUs);
}

export function epochAt(state: EpochState, nowUs: number): Epoch {
  return getEpoch(state, { skewMs: 0, nowUs }).epoch;
}

export function epochBumpCall(prefix: string, { tag, subject, version, spaceKind, mode, spec }: TagBust, run: BustRun): RedisCall {
  const args = [subject, version ?? "", spaceKind, mode, String(spec.skewMs), String(limits.recordsPerEpochMax), run];
  return { run: { script: "epoch-bump" }, keys: [tagKeys(prefix, tag).epoch], args };
}

export function parseEpochBump(reply: unknown): TagOutcome {
  const { parts } = readReply("epoch-bump", reply);
  return letterOf("epoch-bump", parts[0], { b: "bumped", c: "covered" });
}
