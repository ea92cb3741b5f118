import type { LogReading, OffsetRange } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import type { Stretch } from "../run/read-slices.js";
import type { Order, Selection } from "./selection.js";
import { newestFirst } from "./stretches.js";

/** Offsets a partition and stretch, newest first: each stretch costs a reading of its own. */
const STRETCH_OFFSETS = 50_000;

export interface Snapshot {
  readonly stretches: readonly Stretch[];
  /**
   * What open transactions hold back, where the time chosen does not end before it. The brokers tell no times of what is not stable:
   * some of it may be newer, or older, than was chosen.
   */
  readonly heldBack: readonly OffsetRange[];
}

/**
 * What a replay reads, fixed: from the first record of the time chosen to the end that is stable now. What is written meanwhile,
 * and what belongs to open transactions or waits behind one, is not part of it.
 *
 * @throws FreshetError `usage` when there is no such topic; as `LogReading`.
 */
export async function snapshot(kafka: Pick<LogReading, "offsets" | "offsetsAt">, selection: Selection, order: Order): Promise<Snapshot> {
  const { topic } = selection;
  const partitions = await kafka.offsets([topic]);
  if (partitions.length === 0) {
    const fix = selection.kind === "dlq" ? "Run freshet topics create." : "Name a topic of the rules file.";
    throw new FreshetError("FR3002", "usage", `there is no topic ${topic}, or it may not be described`, fix);
  }
  const first = await firstOffsets(kafka, topic, selection.kind === "dlq" ? selection.since : selection.from);
  const last = await firstOffsets(kafka, topic, selection.kind === "dlq" ? null : selection.to);
  const ranges = partitions.map(({ partition, earliest, stable }): OffsetRange => {
    const to = Math.min(stable, last.get(partition) ?? stable);
    return { topic, partition, from: Math.min(Math.max(earliest, first.get(partition) ?? earliest), to), to };
  });
  const heldBack = partitions.flatMap(({ partition, stable, latest }): readonly OffsetRange[] => {
    const endsBefore = (last.get(partition) ?? latest) < stable;
    return endsBefore || stable === latest ? [] : [{ topic, partition, from: stable, to: latest }];
  });
  return { stretches: order === "oldest" ? [ranges] : newestFirst(ranges, STRETCH_OFFSETS), heldBack };
}

async function firstOffsets(
  kafka: Pick<LogReading, "offsetsAt">,
  topic: string,
  instant: string | null,
): Promise<ReadonlyMap<number, number>> {
  if (instant === null) return new Map();
  const offsets = await kafka.offsetsAt([topic], Date.parse(instant));
  return new Map(offsets.map(({ partition, offset }) => [partition, offset]));
}
