import { type EntrySpec, type EntryState, encodeMarks, liveFloors, type Marks } from "@freshet/protocol";
import type { StoredKey } from "./memory-keyspace.js";

/** Floors and lease that are alive. */
export function liveMarks(state: EntryState, { entry, nowUs }: { entry: EntrySpec; nowUs: number }): Marks {
  const { lease } = state;
  const { floorTtlMs } = entry;
  return { ...liveFloors(state, { floorTtlMs, nowUs }), lease: lease !== null && lease.deadlineUs > nowUs ? lease : null };
}

/** A key that holds nothing else; `undefined` when there is nothing to hold. */
export function marksKey(marks: Marks, entry: EntrySpec): StoredKey | undefined {
  const content = encodeMarks(marks);
  return content === "" ? undefined : { content, expireAtMs: marksEndMs(marks, entry) };
}

/** When the last of them is over; 0 when there are none. */
export function marksEndMs({ floors, blindFloor, lease }: Marks, { floorTtlMs }: EntrySpec): number {
  const raisedAts = [...floors, ...(blindFloor === null ? [] : [blindFloor])].map(({ raisedAtUs }) => raisedAtUs);
  const endUs = Math.max(lease?.deadlineUs ?? 0, ...raisedAts.map((raisedAtUs) => raisedAtUs + floorTtlMs * 1000));
  return Math.ceil(endUs / 1000);
}
