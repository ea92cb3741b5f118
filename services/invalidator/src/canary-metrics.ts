import { Counter, Gauge, Histogram, type Registry } from "@prometheus-io/client";
import { addGaugePerPartition } from "./gauge-per-partition.js";
import { createPartitionCanaries, type PartitionCanaries, type PartitionCanariesOptions, type SeenCanary } from "./partition-canaries.js";

/** What canaries are counted by. */
export interface CanaryMetrics {
  /** Of sources that ask for them. */
  readonly partitions: PartitionCanaries;
  succeeded(seconds: number): void;
  failed(): void;
}

const DURATION_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

/** Only where the canary is on: an age that nobody brings down would be a false alarm. */
export function addCanaryMetrics(registers: Registry[], options: PartitionCanariesOptions): CanaryMetrics {
  const { clock } = options;
  let lastMs = clock.nowMs();
  new Gauge({
    name: "freshet_canary_age_seconds",
    help: "Since the canary's entry was last busted as it must be; before that, since the process started",
    registers,
    collect() {
      this.set(Math.max(0, clock.nowMs() - lastMs) / 1000);
    },
  });
  const failures = new Counter({
    name: "freshet_canary_failures_total",
    help: "Flights of the canary that failed, and times that none could be sent",
    registers,
  });
  const durations = new Histogram({
    name: "freshet_canary_duration_seconds",
    help: "From sending the canary's event until its entry was busted",
    buckets: DURATION_BOUNDS,
    registers,
  });
  const partitions = createPartitionCanaries(options);
  addPartitionGauges(registers, partitions);
  return {
    partitions,
    succeeded(seconds) {
      lastMs = clock.nowMs();
      durations.observe(Math.max(0, seconds));
    },
    failed: () => failures.inc(),
  };
}

function addPartitionGauges(registers: Registry[], canaries: PartitionCanaries): void {
  const partitions = (): readonly SeenCanary[] => canaries.seen();
  addGaugePerPartition(registers, {
    name: "freshet_canary_partition_age_seconds",
    help: "Since a canary last came through the partition; before that, since this process has it",
    partitions,
    read: ({ ageMs }) => secondsOf(ageMs),
  });
  addGaugePerPartition(registers, {
    name: "freshet_canary_partition_duration_seconds",
    help: "How long the last canary of the partition took, from its writing to the end of its slice",
    partitions,
    read: ({ tookMs }) => secondsOf(tookMs),
  });
}

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
