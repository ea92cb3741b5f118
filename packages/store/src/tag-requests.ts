import { FreshetError, limits, type TagBust } from "@freshet/protocol";
import { checkFactWords } from "./bust-requests.js";
import type { EpochTag, IndexAddRequest } from "./port.js";
import { checkBytes, checkDuration, checkKey, checkText, checkVersion, checkWellFormed, refused } from "./request-checks.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what separates subjects from versions, and ids from times
const CONTROL = /[\u0000-\u001f]/;

/**
 * The tag, when its keys can lie in one slot of a cluster: `{}` would be no hash tag.
 *
 * @throws FreshetError FR1006 (`usage`)
 */
export function checkTag(tag: string): string {
  checkWellFormed("tag", tag);
  if (tag !== "" && !tag.startsWith("}") && Buffer.byteLength(tag) <= limits.keyBytesMax) return tag;
  const fix = `Give a tag of 1 to ${limits.keyBytesMax} bytes that does not begin with "}".`;
  throw new FreshetError("FR1006", "usage", 'A tag is empty, too long, or begins with "}".', fix);
}

/** @throws FreshetError FR1006 (`usage`) for a sweep id that is empty, too long or holds control characters. */
export function checkSweepId(id: string): string {
  checkText("id of a sweep", id, { min: 1, max: limits.tokenBytesMax });
  return id;
}

/** @throws FreshetError FR1006 (`usage`) for ids that cannot be kept, and a hold that is no duration. */
export function checkClaim({ id, was, holdMs }: { readonly id: string; readonly was?: string | undefined; readonly holdMs: number }): void {
  checkSweepId(id);
  if (was !== undefined) checkSweepId(was);
  checkDuration("holdMs", holdMs, 0);
}

/** @throws FreshetError FR1006 (`usage`) */
export function checkEpochTag({ tag, skewMs }: EpochTag): void {
  checkTag(tag);
  checkDuration("skewMs", skewMs, 1);
}

/** The tag whose index is trimmed. @throws FreshetError FR1006 (`usage`) */
export function checkTrim(tag: string, skewMs: number): string {
  checkDuration("skewMs", skewMs, 1);
  return checkTag(tag);
}

/** @throws FreshetError FR1006 (`usage`) */
export function checkIndexAdd({ tag, key, fillTimeUs, keepMs, floorTtlMs, skewMs }: IndexAddRequest): void {
  checkTag(tag);
  checkKey(key);
  if (!Number.isSafeInteger(fillTimeUs) || fillTimeUs < 0) {
    throw refused(`fillTimeUs is ${fillTimeUs}.`, "Give the time that the fill answered, in microseconds.");
  }
  checkDuration("keepMs", keepMs, 0);
  checkDuration("floorTtlMs", floorTtlMs, 1);
  checkDuration("skewMs", skewMs, 1);
}

/** A fill time that the clock of the tag's Redis does not allow. */
export function fillTimeRefused(fault: "ahead" | "past"): FreshetError {
  const problem = {
    ahead: "The fill time is more than C ahead of the clock of the tag.",
    past: "The fill time is so old that the entry cannot be served any more.",
  }[fault];
  return refused(problem, "Give the time that the fill answered, at once; keep the clocks of all Redis servers within C.");
}

/** Whether an index refused a fill time, in memory or, as `classify` tells it, in Redis. */
export function isFillTimeRefused(error: unknown): boolean {
  return error instanceof FreshetError && error.code === "FR1006" && /\bfill time is (?:more than C ahead|so old)/.test(error.message);
}

/** @throws FreshetError FR1006 for a tag or a version, FR9001 (`halt`) for a subject that no floor can hold. */
export function checkTagBusts(busts: readonly TagBust[]): void {
  for (const { tag, target, subject, version, spaceKind, mode, spec } of busts) {
    checkTag(tag);
    checkFactWords({ spaceKind, mode });
    checkBytes("subject", subject, { min: 1, max: limits.subjectBytesMax });
    if (version !== null) checkVersion(version);
    checkDuration("floorTtlMs", spec.floorTtlMs, 0);
    checkDuration("skewMs", spec.skewMs, target === "epoch" ? 1 : 0);
    if (CONTROL.test(subject)) throw new FreshetError("FR9001", "halt", "A subject holds control characters.", "Report it.");
  }
}
