import type { KafkaPort, ReadOptions } from "@freshet/kafka/port";

/** What a broker must offer for it. */
export type GroupKafka = Pick<KafkaPort, "read" | "describeGroup" | "deleteGroup">;

/**
 * Reads ranges with a group that is there for nothing else, and deletes it afterwards; one that was there before stays. Empty
 * ranges are left out, and with nothing to read no group is made.
 */
export async function readRanges(kafka: GroupKafka, options: ReadOptions): Promise<void> {
  const ranges = options.ranges.filter(({ from, to }) => from < to);
  if (ranges.length === 0) return;
  const isOurs = (await kafka.describeGroup(options.group)).state === "missing";
  try {
    await kafka.read({ ...options, ranges });
  } finally {
    if (isOurs) await kafka.deleteGroup(options.group).catch(() => {}); // without members the brokers forget it by themselves
  }
}
