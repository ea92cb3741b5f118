import { type BustFact, type BustMode, type EntryKind, type KeyBust, limits, type OnUnversioned, type SpaceKind } from "@freshet/protocol";
import { checkBytes, checkDuration, checkKey, checkVersion, refused } from "./request-checks.js";

const spaceKinds: ReadonlySet<string> = new Set<SpaceKind>(["counter", "timestamp", "none"]);
const modes: ReadonlySet<string> = new Set<BustMode>(["hard", "soft"]);
const entryKinds: ReadonlySet<string> = new Set<EntryKind>(["managed", "hash", "json", "prefix", "companion", "opaque"]);
const onUnversioned: ReadonlySet<string> = new Set<OnUnversioned>(["bust", "keep"]);

/** Refuses a mode or a space that is none, which types cannot where JavaScript calls. */
export function checkFactWords({ spaceKind, mode }: Pick<BustFact, "spaceKind" | "mode">): void {
  if (!spaceKinds.has(spaceKind)) throw refused("The kind of a space is none.", "Give counter, timestamp or none.");
  if (!modes.has(mode)) throw refused("The mode of a bust is none.", "Give hard or soft.");
}

/** What busts of one spec, space and mode have in common: looked at once for all of them, not for each. */
export function checkWords({ entry, ...fact }: Pick<KeyBust, "entry" | "spaceKind" | "mode">): void {
  checkFactWords(fact);
  if (!entryKinds.has(entry.kind)) throw refused("The kind of an entry is none.", `Give one of ${[...entryKinds].join(", ")}.`);
  if (!onUnversioned.has(entry.onUnversioned)) throw refused("onUnversioned is none of its words.", "Give bust or keep.");
  if ((entry.kind !== "hash" && entry.kind !== "json") || entry.versionField !== "") return;
  throw refused(`An entry of kind ${entry.kind} names no field for its version.`, "Give versionField.");
}

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
