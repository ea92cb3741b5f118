import type { SweepStatus, WaitingPartition } from "@freshet/pipeline";
import { Gauge, type Registry } from "@prometheus-io/client";
import { addGaugePerPartition } from "./gauge-per-partition.js";
import type { LagWatch, WatchedPartition } from "./lag-watch.js";

/** What is read of partitions when somebody looks. */
export interface PartitionSources {
  waiting(): readonly WaitingPartition[];
  readonly lag: Pick<LagWatch, "readings" | "observedMs" | "refresh" | "topics" | "isBlind">;
  /** `null` where nothing is swept: in observe mode. */
  sweeps(): SweepStatus | null;
}

interface PartitionGaugeSources extends PartitionSources {
  readonly readings: () => readonly WatchedPartition[];
}

/** The gauges of a scrape ask one after the other before anything else happens: one reading of five hundred partitions does for all. */
function sharedByScrape<T>(read: () => T): () => T {
  let held: { readonly value: T } | null = null;
  return () => {
    if (held !== null) return held.value;
    held = { value: read() };
    queueMicrotask(() => {
      held = null;
    });
    return held.value;
  };
}

/** How far behind each partition of the group is, whoever has it. */
export function addPartitionGauges(registers: Registry[], given: PartitionSources): void {
  const readings = sharedByScrape(() => given.lag.readings());
  const sources: PartitionGaugeSources = { ...given, readings };
  addAge(registers, sources);
  addKnowledge(registers, sources);
  addGaugePerPartition(registers, {
    name: "freshet_consumer_lag_records",
    help: "Stable records of the partition that are not applied",
    partitions: readings,
    read: ({ records }) => records,
  });
  addGaugePerPartition(registers, {
    name: "freshet_open_transaction_records",
    help: "Offsets of the partition that belong to open transactions or wait behind one",
    partitions: readings,
    read: ({ openRecords }) => openRecords,
  });
  addStates(registers, sources);
}

function addAge(registers: Registry[], sources: PartitionGaugeSources): void {
  new Gauge({
    name: "freshet_oldest_unapplied_age_seconds",
    help: "Age of the oldest record that is not applied, or of the oldest bust of a tag that is not walked (partition sweeps): the staleness that readers may see; 0 when caught up. Of every partition of the group, whoever has it; absent where it is not known",
    labelNames: ["topic", "partition"],
    registers,
    collect() {
      this.reset();
      for (const { topic, partition, oldestAgeMs } of sources.readings()) {
        if (oldestAgeMs !== null) this.set({ topic, partition }, oldestAgeMs / 1000);
      }
      const sweeps = sources.sweeps();
      if (sweeps !== null) this.set({ topic: "", partition: "sweeps" }, sweeps.oldestAgeMs / 1000);
    },
  });
}

/** What this process knows, and since when: an age that is absent looks to an alert as if all were well. */
function addKnowledge(registers: Registry[], { lag, readings }: PartitionGaugeSources): void {
  new Gauge({
    name: "freshet_lag_observed_timestamp_seconds",
    help: "When brokers last told where partitions and the group are; 0 when they have not yet",
    registers,
    collect() {
      this.set(lag.observedMs / 1000);
    },
  });
  new Gauge({
    name: "freshet_lag_unknown",
    help: "1 for each topic of the rules of which this process cannot tell how far behind it is, for brokers do not tell; 0 where it can",
    labelNames: ["topic"],
    registers,
    collect() {
      const all = readings();
      const told = new Set(all.map(({ topic }) => topic));
      const unknown = new Set(all.filter(({ state, records }) => state === "unknown" || records === null).map(({ topic }) => topic));
      for (const topic of lag.topics) this.set({ topic }, unknown.has(topic) || (lag.isBlind && !told.has(topic)) ? 1 : 0);
    },
  });
}

function addStates(registers: Registry[], sources: PartitionGaugeSources): void {
  new Gauge({
    name: "freshet_partition_state",
    help: "1 for the state each partition of the group is in: caught_up consuming waiting stuck dead hanging_transaction no_commits hole unknown",
    labelNames: ["topic", "partition", "state"],
    registers,
    collect() {
      this.reset();
      for (const { topic, partition, state } of sources.readings()) this.set({ topic, partition, state }, 1);
    },
  });
  new Gauge({
    name: "freshet_partition_waiting",
    help: "1 for each partition that waits, with the reason",
    labelNames: ["topic", "partition", "code"],
    registers,
    collect() {
      this.reset();
      for (const { topic, partition, code } of sources.waiting()) this.set({ topic, partition, code }, 1);
    },
  });
}
