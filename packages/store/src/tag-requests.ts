import { FreshetError, limits, type TagBust } from "@freshet/protocol";
import type { EpochTag, IndexAddRequest } from "./port.js";
import { checkBytes, checkDuration, checkKey, checkVersion, checkWellFormed, refused } from "./request-checks.js";

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
  checkWellFormed("id of a sweep", id);
  if (id !== "" && !CONTROL.test(id) && Buffer.byteLength(id) <= limits.tokenBytesMax) return id;
  const fix = `Give 1 to ${limits.tokenBytesMax} bytes without control characters.`;
  throw new FreshetError("FR1006", "usage", "The id of a sweep is empty, too long or holds control characters.", fix);
}

/** @throws FreshetError FR1006 (`usage`) */
export function checkEpochTag({ tag, skewMs }: EpochTag): void {
  checkTag(tag);
  checkDuration("skewMs", skewMs, 1);
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

/** @throws FreshetError FR1006 for a tag or a version, FR9001 (`halt`) for a subject that no floor can hold. */
export function checkTagBusts(busts: readonly TagBust[]): void {
  for (const { tag, subject, version, spec } of busts) {
    checkTag(tag);
    checkBytes("subject", subject, { min: 1, max: limits.subjectBytesMax });
    if (version !== null) checkVersion(version);
    checkDuration("floorTtlMs", spec.floorTtlMs, 0);
    checkDuration("skewMs", spec.skewMs, 0);
    if (CONTROL.test(subject)) throw new FreshetError("FR9001", "halt", "A subject holds control characters.", "Report it.");
  }
}
