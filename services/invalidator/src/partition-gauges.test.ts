import { expect, test } from "@jest/globals";
import { Registry } from "@prometheus-io/client";
import type { LagWatch, WatchedPartition } from "./lag-watch.js";
import { addPartitionGauges } from "./partition-gauges.js";

test("one scrape reads the partitions once, and the next one reads them anew", async () => {
  let reads = 0;
  const reading = (records: number): WatchedPartition => {
    return { topic: "orders", partition: 0, records, openRecords: 0, oldestAgeMs: records * 1000, state: "consuming", reason: "" };
  };
  const lag = { readings: () => [reading(++reads)], observedMs: 5000, topics: ["orders"], isBlind: false, refresh: async () => undefined };
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

test("a topic is unknown where a partition of it is, or where nothing is known of it for long", async () => {
  const base = { partition: 0, openRecords: 0, reason: "" };
  const readings: readonly WatchedPartition[] = [
    { ...base, topic: "known", records: 3, oldestAgeMs: 70_000, state: "stuck" },
    { ...base, topic: "dark", records: 0, oldestAgeMs: 0, state: "caught_up" },
    { ...base, topic: "dark", partition: 1, records: null, openRecords: null, oldestAgeMs: null, state: "unknown" },
    { ...base, topic: "timeless", records: 2, oldestAgeMs: null, state: "consuming" },
  ];
  const topics = ["known", "dark", "timeless", "never seen"];
  const flags = async (lag: Pick<LagWatch, "isBlind">) => {
    const registry = new Registry();
    const watch = { ...lag, readings: () => readings, observedMs: 0, topics, refresh: async () => undefined };
    addPartitionGauges([registry], { lag: watch, waiting: () => [], sweeps: () => null });
    const page = await registry.metrics();
    expect(page).not.toContain('freshet_oldest_unapplied_age_seconds{topic="dark",partition="1"}');
    expect(page).not.toContain('freshet_consumer_lag_records{topic="dark",partition="1"}');
    return Object.fromEntries(topics.map((topic) => [topic, page.includes(`freshet_lag_unknown{topic="${topic}"} 1\n`)]));
  };
  expect(await flags({ isBlind: false })).toEqual({ known: false, dark: true, timeless: false, "never seen": false });
  expect(await flags({ isBlind: true })).toEqual({ known: false, dark: true, timeless: false, "never seen": true });
});
