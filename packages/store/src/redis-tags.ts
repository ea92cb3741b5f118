import { decodeEpoch, decodeTag, limits, liveFloors, readMarks, type TagBust, type TagOutcome } from "@freshet/protocol";
import type { BustRun } from "./bust-calls.js";
import { bustMembers } from "./bust-members.js";
import { checkMember } from "./own-keys.js";
import type { BustPort, IndexAddRequest, SweepPort, TagPort, TagView } from "./port.js";
import { runBusts } from "./redis-busts.js";
import { epochAt, epochBumpCall, epochGetCall, parseEpochBump, parseEpochGet } from "./redis-epochs.js";
import type { RedisCall, RedisLink } from "./redis-link.js";
import { redisSweeps, registerSweeps } from "./redis-sweeps.js";
import { tagKeys } from "./tag-keys.js";
import { countOf, letterOf, pairsOf, readReply, textOf } from "./tag-replies.js";
import { checkEpochTag, checkIndexAdd, checkTag, checkTagBusts } from "./tag-requests.js";

type TagSteps = TagPort & SweepPort & Pick<BustPort, "bustTags" | "previewTags">;

/** Tags, epochs and sweeps in Redis: each step is one script on the keys of one tag. */
export function redisTags(link: RedisLink, { prefix }: { readonly prefix: string }): TagSteps {
  return {
    ...redisSweeps(link, prefix),
    bustTags: (busts) => bustTags({ link, prefix }, busts, "apply"),
    previewTags: (busts) => bustTags({ link, prefix }, busts, "preview"),
    bustMembers: (busts) => bustMembers(busts, { prefix, bust: (some) => runBusts(link, some, { run: "apply", prefix, floor: "none" }) }),
    indexAdd: async (request) => {
      checkIndexAdd(request);
      checkMember(request.key, prefix);
      const [reply] = await link.run([indexAddCall(prefix, request)]);
      return parseIndexAdd(reply, request);
    },
    epochs: async (tags) => {
      for (const epochTag of tags) checkEpochTag(epochTag);
      const replies = await link.run(tags.map((epochTag) => epochGetCall(prefix, epochTag)));
      return new Map(tags.map(({ tag }, i) => [tag, parseEpochGet(replies[i])]));
    },
    inspectTag: async (tag) => {
      const { index, state, epoch } = tagKeys(prefix, checkTag(tag));
      const [reply] = await link.run([{ run: { script: "tag-get" }, keys: [index, state, epoch], args: [] }]);
      return parseTagGet(reply);
    },
  };
}

/**
 * A tag is registered before its bust is pending, so that any worker finds it. It is registered once more afterwards: a
 * worker that saw it registered and nothing pending may have taken it off in between.
 */
async function bustTags(
  { link, prefix }: { readonly link: RedisLink; readonly prefix: string },
  busts: readonly TagBust[],
  run: BustRun,
): Promise<readonly TagOutcome[]> {
  checkTagBusts(busts);
  const isSwept = ({ target }: TagBust) => target === "tag";
  const register = (some: readonly TagBust[]) => registerSweeps(link, prefix, [...new Set(some.map(({ tag }) => tag))]);
  if (run === "apply") await register(busts.filter(isSwept));
  const replies = await link.run(busts.map((bust) => (isSwept(bust) ? bustTagCall : epochBumpCall)(prefix, bust, run)));
  const outcomes = busts.map((bust, i) => (isSwept(bust) ? parseBustTag : parseEpochBump)(replies[i]));
  if (run === "apply") await register(busts.filter((_, i) => outcomes[i] === "pending"));
  return outcomes;
}

function bustTagCall(prefix: string, { tag, subject, version, spaceKind, mode, spec }: TagBust, run: BustRun): RedisCall {
  const maxima = [limits.floorsPerTagMax, limits.pendingPerTagMax].map(String);
  const args = [subject, version ?? "", spaceKind, mode, String(spec.floorTtlMs), ...maxima, run];
  return { run: { script: "bust-tag" }, keys: [tagKeys(prefix, tag).state], args };
}

function parseBustTag(reply: unknown): TagOutcome {
  return letterOf("bust-tag", readReply("bust-tag", reply).parts[0], { p: "pending", c: "covered" });
}

function indexAddCall(prefix: string, { tag, key, fillTimeUs, keepMs, floorTtlMs, skewMs }: IndexAddRequest): RedisCall {
  const { index, state } = tagKeys(prefix, checkTag(tag));
  const args = [key, ...[fillTimeUs, keepMs, floorTtlMs, skewMs].map(String)];
  return { run: { script: "index-add" }, keys: [index, state], args };
}

function parseIndexAdd(reply: unknown, { floorTtlMs }: IndexAddRequest): Awaited<ReturnType<TagPort["indexAdd"]>> {
  const { timeUs, parts } = readReply("index-add", reply);
  const floors = readMarks(textOf("index-add", parts[1]), timeUs);
  return { ...liveFloors(floors, { floorTtlMs, nowUs: timeUs }), score: countOf("index-add", parts[0]) };
}

function parseTagGet(reply: unknown): TagView {
  const { timeUs, parts } = readReply("tag-get", reply);
  const state = decodeTag(new Map(pairsOf("tag-get", parts[1])), timeUs);
  const epoch = decodeEpoch(new Map(pairsOf("tag-get", parts[2])));
  return { ...state, indexSize: countOf("tag-get", parts[0]), epoch: epoch === null ? null : epochAt(epoch, timeUs) };
}
