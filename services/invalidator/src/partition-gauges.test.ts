import { expect, test } from "@jest/globals";
import { Registry } from "@prometheus-io/client";
import type { WatchedPartition } from "./lag-watch.js";
import { addPartitionGauges } from "./partition-gauges.js";

test("one scrape reads the partitions once, and the next one reads them anew", async () => {
  let reads = 0;
  const reading = (records: number): WatchedPartition => {
    return { topic: "orders", partition: 0, records, openRecords: 0, oldestAgeMs: records * 1000, state: "consuming", reason: "" };
  };
  const lag = { readings: () => [reading(++reads)], observedMs: 5000, refresh: async () => undefined };
  const registry = new Registry();
  addPartitionGauges([registry], { lag, waiting: () => [], sweeps: () => null });
  for (const scrape of [1, 2]) {
    const page = await registry.metrics();
    expect(page).toContain(`freshet_consumer_lag_records{topic="orders",partition="0"} ${scrape}\n`);
    expect(page).toContain(`freshet_oldest_unapplied_age_seconds{topic="orders",partition="0"} ${scrape}\n`);
    expect(page).toContain('freshet_partition_state{topic="orders",partition="0",state="consuming"} 1\n');
    expect(reads).toBe(scrape);
  }
});
