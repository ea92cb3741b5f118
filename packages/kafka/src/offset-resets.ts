import type { Cluster } from "kafkajs";

/** A partition whose next offset was outside of its log. */
export interface OffsetReset {
  readonly topic: string;
  readonly partition: number;
  /** What was asked for. */
  readonly askedOffset: number;
  /** The first offset of the log right after that; `null` when it could not be asked. */
  readonly earliestOffset: number | null;
}

const resetWatchers = new WeakMap<object, (reset: OffsetReset) => void>();

/** Tells of every offset that the consumer with this cluster finds outside of the log. `tell` must not throw. */
export function watchOffsetResets(cluster: object, tell: (reset: OffsetReset) => void): void {
  resetWatchers.set(cluster, tell);
}

/** Whether somebody wants to be told: kafkajs' consumers of others in this process stay as they are. */
export function isWatched(cluster: object): boolean {
  return resetWatchers.has(cluster);
}

/** Tells whoever watches this cluster, if anybody does. */
export async function tellOffsetReset(
  cluster: Pick<Cluster, "fetchTopicsOffset">,
  { topic, partition, askedOffset }: Omit<OffsetReset, "earliestOffset">,
): Promise<void> {
  resetWatchers.get(cluster)?.({ topic, partition, askedOffset, earliestOffset: await earliestOf(cluster, { topic, partition }) });
}

async function earliestOf(
  cluster: Pick<Cluster, "fetchTopicsOffset">,
  at: Pick<OffsetReset, "topic" | "partition">,
): Promise<number | null> {
  try {
    const wanted = { topic: at.topic, partitions: [{ partition: at.partition }], fromBeginning: true };
    const [found] = await cluster.fetchTopicsOffset([wanted]);
    const offset = found?.partitions.find(({ partition }) => partition === at.partition)?.offset;
    return offset === undefined ? null : Number(offset);
  } catch {
    return null; // the alarm must not depend on it
  }
}
