import type { TopicPartition } from "@freshet/kafka/port";
import { Gauge, type Registry } from "@prometheus-io/client";

/** What one value a partition is called, and where it is read when somebody scrapes. */
export interface GaugePerPartition<P extends TopicPartition> {
  readonly name: string;
  readonly help: string;
  readonly partitions: () => Iterable<P>;
  /** `null` where it is not known: the partition is left out then. */
  readonly read: (partition: P) => number | null;
}

export function addGaugePerPartition<P extends TopicPartition>(
  registers: Registry[],
  { name, help, partitions, read }: GaugePerPartition<P>,
): void {
  new Gauge({
    name,
    help,
    labelNames: ["topic", "partition"],
    registers,
    collect() {
      this.reset();
      for (const each of partitions()) {
        const value = read(each);
        if (value !== null) this.set({ topic: each.topic, partition: each.partition }, value);
      }
    },
  });
}
