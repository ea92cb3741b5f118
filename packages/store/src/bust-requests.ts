import { type KeyBust, limits } from "@freshet/protocol";
import { checkBytes, checkDuration, checkKey, checkVersion } from "./request-checks.js";

/**
 * Refuses busts that would be of another key, subject or version than they say: nothing of the call is done.
 *
 * @throws FreshetError FR1006 (`usage`)
 */
export function checkBusts(busts: readonly KeyBust[]): void {
  for (const { key, versionKey, subject, version, entry } of busts) {
    checkKey(key);
    if (versionKey !== undefined) checkKey(versionKey);
    checkBytes("subject", subject, { min: 1, max: limits.subjectBytesMax });
    if (version !== null) checkVersion(version);
    checkDuration("floorTtlMs", entry.floorTtlMs, 0);
    checkDuration("staleTtlMs", entry.staleTtlMs, 0);
  }
}
