import { type BustOutcome, bust, type KeyBust } from "@freshet/protocol";
import { type BustFloor, type BustRun, leavesFloor, planBustCalls } from "./bust-calls.js";
import { checkBusts } from "./bust-requests.js";
import { applyBust, MEMORY_PREFIX, readEntry } from "./memory-keys.js";
import type { Keyspace } from "./memory-keyspace.js";

/** `bust` of `decide.ts`. A test that takes a safety line out of it gives its own. */
export type DecideBust = typeof bust;

interface MemoryWay {
  readonly run: BustRun;
  readonly floor?: BustFloor;
  readonly decide?: DecideBust;
}

/** The bust step in memory. Nothing is done when one of the busts is refused. */
export function bustKeys(
  keys: Keyspace,
  busts: readonly KeyBust[],
  { run, floor = "leave", decide = bust }: MemoryWay,
): readonly BustOutcome[] {
  if (floor !== "none") checkBusts(busts);
  planBustCalls(busts, { run, prefix: MEMORY_PREFIX });
  const nowUs = keys.nowUs();
  return busts.map((one) => {
    const { entry, subject, version, spaceKind, mode } = one;
    const before = readEntry(keys, one, { subject, nowUs });
    const { onUnversioned, floorTtlMs, staleTtlMs } = entry;
    const leaveFloor = leavesFloor(entry) && (floor === "leave" || entry.kind !== "managed");
    const times = { floorTtlMs, staleTtlMs, nowUs };
    const done = decide(before, { subject, version, spaceKind, mode, leaveFloor, onUnversioned, ...times });
    if (run === "apply") applyBust(keys, one, { before, done });
    return done.outcome;
  });
}
