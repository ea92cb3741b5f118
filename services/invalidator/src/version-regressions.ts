import type { SliceReport } from "@freshet/pipeline";
import { compareVersions, type Version } from "@freshet/protocol";

/**
 * Notices sources that count backwards, as they do after a restore from a backup: a record that was written well after a newer
 * version of its subject, in the same partition, and carries an older one. Late events and duplicates are younger than that.
 * It remembers a bounded number of subjects and forgets all at a restart, so it counts too little rather than too much.
 */
export interface VersionRegressions {
  /** How many records of a slice are such, of at most `LOOKS_MAX` of them. Look at each slice once, in the order of its partition. */
  count(report: Pick<SliceReport, "records" | "mapped">, partition: string): number;
}

/** By how much later the older version must have been written, in milliseconds, for it to be no late event. */
const LATE_MS = 60_000;
const SUBJECTS_MAX = 40_000;
/** Of a slice, spread over it: in a backlog a look at each record would cost a tenth of all work, and a source counts backwards often. */
const LOOKS_MAX = 16;

interface Seen {
  readonly version: Version;
  readonly partition: string;
  readonly offset: number;
  readonly timestampMs: number;
}

export function createVersionRegressions(subjectsMax = SUBJECTS_MAX): VersionRegressions {
  // Two generations: when the young one is full, what was not seen since it began is forgotten.
  let young = new Map<string, Seen>();
  let old = new Map<string, Seen>();

  function isRegression(subject: string, now: Seen): boolean {
    const seen = young.get(subject) ?? old.get(subject);
    const isOlder = seen !== undefined && compareVersions(now.version, seen.version) < 0;
    if (young.size >= subjectsMax / 2 && !young.has(subject)) [young, old] = [new Map(), young];
    young.set(subject, isOlder ? seen : now);
    if (!isOlder || seen.partition !== now.partition || now.offset <= seen.offset) return false;
    return now.timestampMs - seen.timestampMs > LATE_MS;
  }

  return {
    count({ records, mapped }, partition) {
      let regressions = 0;
      for (let at = 0; at < records.length; at += Math.ceil(records.length / LOOKS_MAX)) {
        const [record, one] = [records[at], mapped[at]];
        const first = one?.kind === "busts" ? one.busts[0] : undefined;
        if (record === undefined || first === undefined || first.version === null) continue;
        const { offset, timestampMs } = record;
        if (isRegression(first.subject, { version: first.version, partition, offset, timestampMs })) regressions++;
      }
      return regressions;
    },
  };
}
