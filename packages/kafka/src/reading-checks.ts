import { FreshetError } from "@freshet/protocol";
import { nameOfPartition } from "./gate.js";
import type { OffsetRange, TopicPartition } from "./port.js";

/**
 * @throws FreshetError `usage` when a partition has two ranges or one that cannot be, `halt` when its topic is missing.
 */
export function checkRanges(ranges: readonly OffsetRange[], exists: (at: TopicPartition) => boolean): void {
  const seen = new Set<string>();
  for (const range of ranges) {
    const name = nameOfPartition(range);
    const isSound = Number.isSafeInteger(range.from) && Number.isSafeInteger(range.to) && range.from >= 0;
    if (seen.has(name) || !isSound) {
      const problem = `${name} cannot be read from ${range.from} to ${range.to}`;
      throw new FreshetError("FR1006", "usage", problem, "Give one range a partition, in whole offsets that are not negative.");
    }
    seen.add(name);
  }
  const missing = ranges.filter((range) => !exists(range)).map(nameOfPartition);
  if (missing.length === 0) return;
  const problem = `these partitions do not exist, or may not be described: ${missing.join(", ")}`;
  throw new FreshetError("FR3002", "halt", problem, "Create the topic, or correct its name.");
}

/** For a group that must have no member and has one. */
export function groupHasMembers(group: string): FreshetError {
  const problem = `the consumer group ${group} has members: somebody reads with it now`;
  const fix = "Wait until they are gone (a member that was killed is dropped after its session, 10 to 20 s), or take another group.";
  return new FreshetError("FR1005", "usage", problem, fix);
}

/** For a range that begins behind the log's end, where a log that was whole would go on. */
export function rangeIsGone(at: TopicPartition, { position, end }: { readonly position: number; readonly end: number }): FreshetError {
  const problem = `${nameOfPartition(at)} ends at ${end}, before the offset ${position} that is to be read`;
  const fix = "The topic was made anew, or its end was lost with a broker: look at its present offsets and ask again.";
  return new FreshetError("FR3002", "halt", problem, fix);
}
