import { type Epoch, encodeTags, FreshetError, readable, type Version } from "@freshet/protocol";
import { parseFill, parseLease, parseMoved, parseRead, parseSet, parseStep } from "./entry-replies.js";
import { checkFill, checkLease, checkRead, checkSet, checkStep } from "./entry-requests.js";
import { gatedLeaseCall, setCall } from "./gated-calls.js";
import { readerState, storedValue } from "./managed-entry.js";
import type { EntryPort, EpochTag, FillReply, FillRequest, LeaseRequest, ReadReply } from "./port.js";
import { epochGetCall, parseEpochGet } from "./redis-epochs.js";
import type { RedisCall, RedisLink, ScriptName } from "./redis-link.js";

const MOVES_MAX = 3;

/** The steps of readers and loaders on Redis; positions of arguments are those of the scripts' headers. */
export function redisEntries(link: RedisLink, prefix: string): EntryPort {
  const run = async (call: RedisCall): Promise<unknown> => (await link.run([call]))[0];
  return {
    read: async (key, entry, epochTags) => {
      checkRead(key, entry, epochTags);
      return await readEntry(link, key, { prefix, epochTags });
    },
    lease: async (request) => {
      checkLease(request);
      return parseLease(await run(request.entry.kind === "managed" ? leaseCall(request) : gatedLeaseCall(prefix, request)));
    },
    fill: async (request) => {
      checkFill(request);
      return await fillEntry(link, request);
    },
    promote: async (key, entry, token) => {
      checkStep(key, entry, token);
      return parseStep(await run(callOf("promote", key, [token])), "promoted");
    },
    drop: async (key, entry, token) => {
      checkStep(key, entry, token);
      return parseStep(await run(callOf("drop", key, [token, micros(entry.floorTtlMs)])), "dropped");
    },
    setIfNewer: async (request) => {
      checkSet(request);
      return parseSet(await run(setCall(prefix, request)), request);
    },
  };
}

/**
 * A fill puts a hash in place of a string, and on a slot that is moving the key is its new owner's in between: then floors
 * and lease are carried there first. Once is enough unless the slot moves again at once.
 */
async function fillEntry(link: RedisLink, request: FillRequest): Promise<FillReply> {
  for (let move = 0; move < MOVES_MAX; move++) {
    const [reply] = await link.run([fillCall(request)]);
    const marks = parseMoved(reply);
    if (marks === null) return parseFill(reply, request);
    await link.run([callOf("keep-marks", request.key, [marks, micros(request.entry.floorTtlMs)])]);
  }
  throw new FreshetError("FR2002", "wait", "The slot of an entry keeps moving.", "Wait until the cluster has settled.");
}

/** One round trip, the epochs before the entry: what is stored afterwards under an older generation is a miss. */
async function readEntry(
  link: RedisLink,
  key: string,
  { prefix, epochTags }: { prefix: string; epochTags: readonly EpochTag[] },
): Promise<ReadReply> {
  const calls = epochTags.map((epochTag) => epochGetCall(prefix, epochTag));
  const replies = await link.run([...calls, callOf("read", key, [])]);
  const epochs = new Map(epochTags.map(({ tag }, at) => [tag, parseEpochGet(replies[at])]));
  const { atUs, fields, value } = parseRead(replies.at(-1));
  const found = readable(readerState(fields, atUs), { epochs, nowUs: atUs });
  const stored = found === "none" || fields === undefined || value === null ? null : storedValue(fields, value, atUs);
  return { found, stored, epochs, atUs };
}

function leaseCall({ key, entry, token, epochs, leaseTtlMs }: LeaseRequest): RedisCall {
  return callOf("lease", key, [token, epochsText(epochs), micros(leaseTtlMs), micros(entry.floorTtlMs)]);
}

function fillCall(request: FillRequest): RedisCall {
  const { key, entry, token, value, encoding, deps, epochs, tags, freshMs } = request;
  const ages = [...epochs.values()].map(({ ageUs }) => ageUs);
  return callOf("fill", key, [
    token,
    value,
    encoding,
    depsText(deps),
    epochsText(epochs),
    ages.length === 0 ? "" : String(Math.min(...ages)),
    encodeTags(tags),
    request.primaryRead ? "primary" : "replica",
    tags.length === 0 ? "" : micros(request.provisionalMs),
    freshMs === null ? "" : micros(freshMs),
    micros(request.keepMs),
    micros(request.readLagMs),
    micros(entry.floorTtlMs),
  ]);
}

function callOf(script: ScriptName, key: string, args: readonly (string | Buffer)[]): RedisCall {
  return { run: { script }, keys: [key], args, asBytes: true };
}

function depsText(deps: ReadonlyMap<string, Version>): string {
  return [...deps].map(([subject, version]) => `\n${subject}\t${version}`).join("");
}

function epochsText(epochs: ReadonlyMap<string, Epoch>): string {
  return [...epochs].map(([tag, { generation, hardGeneration }]) => `\n${tag}\t${generation}\t${hardGeneration}`).join("");
}

function micros(ms: number): string {
  return String(ms * 1000);
}
