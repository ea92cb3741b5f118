import type { TopicPartition } from "@freshet/kafka/port";
import type { SliceReport } from "@freshet/pipeline";
import { senderOfCanary } from "@freshet/protocol";

/** When a canary of this deployment last came through each partition of this process whose source asks for them. */
export interface PartitionCanaries {
  /** Partitions that are missing are forgotten; those that are new count from now. */
  assigned(partitions: readonly TopicPartition[]): void;
  /** A slice of this partition has ended. */
  sliceSettled(at: TopicPartition, report: Pick<SliceReport, "records" | "mapped">): void;
  seen(): readonly SeenCanary[];
}

export interface SeenCanary extends TopicPartition {
  /** Milliseconds since one last came; before that, since this process has the partition. */
  readonly ageMs: number;
  /** How long the last one took from its writing to the end of its slice; `null` before any came. */
  readonly tookMs: number | null;
}

export interface PartitionCanariesOptions {
  readonly deployment: string;
  /** Of the sources that ask for canaries. */
  readonly topics: ReadonlySet<string>;
  readonly clock: { nowMs(): number };
}

export function createPartitionCanaries({ deployment, topics, clock }: PartitionCanariesOptions): PartitionCanaries {
  let known = new Map<string, TopicPartition & { readonly sinceMs: number; readonly tookMs: number | null }>();
  return {
    assigned(partitions) {
      const flown = partitions.filter(({ topic }) => topics.has(topic));
      const fresh = { sinceMs: clock.nowMs(), tookMs: null };
      known = new Map(flown.map((at) => [nameOf(at), known.get(nameOf(at)) ?? { topic: at.topic, partition: at.partition, ...fresh }]));
    },
    sliceSettled({ topic, partition }, { records, mapped }) {
      if (!topics.has(topic)) return;
      // The last one tells: of several in a slice, the others were older.
      for (let at = mapped.length - 1; at >= 0; at--) {
        const record = records[at];
        if (mapped[at]?.kind !== "ignored" || record === undefined || senderOfCanary(record) !== deployment) continue;
        const sinceMs = clock.nowMs();
        const name = nameOf({ topic, partition });
        if (known.has(name)) known.set(name, { topic, partition, sinceMs, tookMs: Math.max(0, sinceMs - record.timestampMs) });
        return;
      }
    },
    seen: () =>
      [...known.values()].map(({ topic, partition, sinceMs, tookMs }) => {
        return { topic, partition, tookMs, ageMs: Math.max(0, clock.nowMs() - sinceMs) };
      }),
  };
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
