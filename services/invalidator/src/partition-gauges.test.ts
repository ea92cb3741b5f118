import { expect, test } from "@jest/globals";
import { Registry } from "@prometheus-io/client";
import type { WatchedPartition } from "./lag-watch.js";
import { addPartitionGauges, type PartitionSources } from "./partition-gauges.js";

const reading = (partition: number, change: Partial<WatchedPartition>): WatchedPartition => {
  const still = { records: 0, openRecords: 0, oldestAgeMs: 0, state: "caught_up", reason: "" } as const;
  return { topic: "products", partition, ...still, ...change };
};

async function page(sources: Partial<PartitionSources>): Promise<readonly string[]> {
  const registry = new Registry();
  const lag = { readings: () => [], observedMs: 0, refresh: async () => undefined };
  addPartitionGauges([registry], { waiting: () => [], sweeps: () => null, lag, ...sources });
  return (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("what is known of partitions is told in seconds and records, and nothing of what is not known", async () => {
  const readings = () => [
    reading(0, {}),
    reading(1, { records: 7, oldestAgeMs: 2500, state: "dead" }),
    reading(2, { openRecords: 4, oldestAgeMs: 90_000, state: "hanging_transaction" }),
    reading(3, { records: null, oldestAgeMs: null, state: "unknown" }),
  ];
  const told = await page({ lag: { readings, observedMs: 1_700_000_000_500, refresh: async () => undefined } });
  const of = (name: string) => told.filter((line) => line.startsWith(`${name}{`)).map((line) => line.slice(name.length));
  expect(of("freshet_oldest_unapplied_age_seconds")).toEqual([
    '{topic="products",partition="0"} 0',
    '{topic="products",partition="1"} 2.5',
    '{topic="products",partition="2"} 90',
  ]);
  expect(of("freshet_consumer_lag_records")).toEqual([
    '{topic="products",partition="0"} 0',
    '{topic="products",partition="1"} 7',
    '{topic="products",partition="2"} 0',
  ]);
  expect(of("freshet_open_transaction_records")[2]).toBe('{topic="products",partition="2"} 4');
  const states = ["caught_up", "dead", "hanging_transaction", "unknown"];
  expect(of("freshet_partition_state")).toEqual(states.map((state, at) => `{topic="products",partition="${at}",state="${state}"} 1`));
  expect(told).toContain("freshet_lag_observed_timestamp_seconds 1700000000.5");
});

test("a bust of a tag that waits for its walk is as stale as a record that waits", async () => {
  const sweeps = () => ({ pending: 1, oldestAgeMs: 4500, walking: 0, troubles: [], indexSizes: new Map() });
  expect(await page({ sweeps })).toContain('freshet_oldest_unapplied_age_seconds{topic="",partition="sweeps"} 4.5');
});
