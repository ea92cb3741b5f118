import type { SweepStatus } from "@freshet/pipeline";
import { type DeadReason, deadReasons, recordOutcomes } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import { addCanaryMetrics, type CanaryMetrics } from "./canary-metrics.js";
import type { CanaryPlaces } from "./canary-rules.js";
import { openMetricsOf } from "./open-metrics.js";
import { addPartitionGauges, type PartitionSources } from "./partition-gauges.js";
import { createTopicHistogram, type TopicHistogram } from "./topic-histogram.js";

/** Everything that is counted. No key, subject or id is ever a label. */
export interface Metrics {
  readonly events: Counter<"topic" | "outcome">;
  readonly busts: Counter<"family" | "outcome">;
  readonly tagBusts: Counter<"outcome">;
  readonly keysUnlinked: Counter<"family" | "mode">;
  readonly deadLetters: Counter<"reason">;
  readonly ruleMatches: Counter<"rule">;
  readonly ruleLastMatch: Gauge<"rule">;
  readonly applySeconds: TopicHistogram;
  readonly eventAge: TopicHistogram;
  readonly membersSwept: Counter<"outcome">;
  readonly sweeps: Counter<"outcome">;
  readonly sweepAge: Histogram;
  readonly redisErrors: Counter<"code">;
  readonly kafkaErrors: Counter<"code">;
  readonly schemaRegistryErrors: Counter<"code">;
  readonly holes: Counter<"topic" | "cause">;
  readonly versionRegressions: Counter<"topic">;
  readonly rebalances: Counter;
  /** `null` where the canary is off. */
  readonly canary: CanaryMetrics | null;
  readonly contentType: string;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  /** The same as OpenMetrics, with exemplars. */
  openText(): Promise<string>;
}

/** What is read when somebody looks. */
export interface MetricSources extends PartitionSources {
  assignedCount(): number;
  /** How long the consumer has not been seen, and whether that is too long. */
  silence(): { readonly ms: number; readonly isStuck: boolean };
  /** When the oldest open dead letter of each reason was written; empty where nobody has looked. */
  openLetters(): ReadonlyMap<DeadReason, number | null>;
  /** What the start waits for: `redis`, `kafka`. */
  startWaits(): readonly { readonly name: string; readonly code: string }[];
}

export interface BuildInfo {
  readonly version: string;
  readonly mode: string;
  readonly rules: Pick<CompiledRules, "hash" | "topics" | "ruleNames">;
  /** `null` where there is no canary. */
  readonly canary: CanaryPlaces | null;
  readonly clock: { nowMs(): number };
}

const AGE_BOUNDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 10_800];
const APPLY_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(sources: MetricSources, info: BuildInfo): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Quantiles of the event loop's utilization ten times a second, as by default, cost 0.3 % of a core, busy or idle
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20, eventLoopUtilizationTimeout: 1000 });
  addPartitionGauges(registers, sources);
  addServiceGauges(registers, sources);
  addLetterGauge(registers, sources, info.clock);
  addSweepGauges(registers, sources);
  addInfo(registers, info);
  const { clock } = info;
  const { eventAge, applySeconds } = createDurations(clock);
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const textOf = async (isOpen: boolean): Promise<string> => {
    await sources.lag.refresh();
    return `${await registry.metrics()}${applySeconds.text(isOpen)}${eventAge.text(isOpen)}`;
  };
  const rebalances = new Counter({ name: "freshet_rebalances_total", help: "Joins of the consumer group", registers });
  const metrics: Metrics = {
    events: counter("freshet_events_total", "Records by how they ended", ["topic", "outcome"]),
    busts: counter("freshet_busts_total", "Busts by what they did; in observe mode, by what they would have done", ["family", "outcome"]),
    tagBusts: counter("freshet_tag_busts_total", "Busts of tags by what they did: pending has a walk before it", ["outcome"]),
    keysUnlinked: counter("freshet_keys_unlinked_total", "Entries removed", ["family", "mode"]),
    deadLetters: counter("freshet_dlq_records_total", "Records that were dead-lettered", ["reason"]),
    ruleMatches: counter("freshet_rule_matches_total", "Records for which a rule asked for a bust", ["rule"]),
    ruleLastMatch: new Gauge({
      name: "freshet_rule_last_match_timestamp_seconds",
      help: "When a rule last asked for a bust; 0 where it has not since the process started",
      labelNames: ["rule"],
      registers,
    }),
    applySeconds,
    eventAge,
    membersSwept: counter("freshet_members_swept_total", "Members of tags' indexes that a walk handled, by what became of them", [
      "outcome",
    ]),
    sweeps: counter("freshet_sweeps_total", "Walks over the index of a busted tag by how they went", ["outcome"]),
    sweepAge: new Histogram({
      name: "freshet_sweep_age_seconds",
      help: "From the oldest bust of a walk until its end: how long entries of a busted tag could still be seen",
      buckets: AGE_BOUNDS,
      registers,
    }),
    redisErrors: counter("freshet_redis_errors_total", "Troubles with Redis", ["code"]),
    kafkaErrors: counter("freshet_kafka_errors_total", "Troubles with Kafka", ["code"]),
    schemaRegistryErrors: counter("freshet_schema_registry_errors_total", "Troubles with the schema registry", ["code"]),
    holes: counter("freshet_kafka_holes_total", "Times that records were gone before they were read, or their log was another one", [
      "topic",
      "cause",
    ]),
    versionRegressions: counter(
      "freshet_version_regressions_total",
      "Records with an older version than one of their subject that was written more than a minute before",
      ["topic"],
    ),
    rebalances,
    canary: info.canary === null ? null : addCanaryMetrics(registers, { ...info.canary, clock }),
    contentType: registry.contentType,
    text: () => textOf(false),
    openText: async () => openMetricsOf(await textOf(true)),
  };
  startAtZero(metrics, info.rules);
  return metrics;
}

/** The two that carry exemplars. */
function createDurations(clock: { nowMs(): number }): Pick<Metrics, "eventAge" | "applySeconds"> {
  return {
    eventAge: createTopicHistogram({
      name: "freshet_event_age_seconds",
      help: "From a record's timestamp until its busts were done, for records that asked for some",
      bounds: AGE_BOUNDS,
      clock,
    }),
    applySeconds: createTopicHistogram({
      name: "freshet_apply_duration_seconds",
      help: "A slice from its first record to its end: decoding, Redis, dead letters",
      bounds: APPLY_BOUNDS,
      clock,
    }),
  };
}

/** A counter that is not there yet looks to an alert as if its first increment never happened, and a rule that never matched as if there were none. */
function startAtZero(
  { events, deadLetters, holes, ruleMatches, ruleLastMatch, membersSwept, sweeps, tagBusts, versionRegressions, ...more }: Metrics,
  { topics, ruleNames }: BuildInfo["rules"],
): void {
  for (const topic of topics) for (const outcome of recordOutcomes) events.inc({ topic, outcome }, 0);
  for (const topic of topics) for (const cause of ["expired", "beyond_end"]) holes.inc({ topic, cause }, 0);
  for (const topic of topics) {
    versionRegressions.inc({ topic }, 0);
    more.applySeconds.series(topic);
    more.eventAge.series(topic);
  }
  for (const outcome of ["pending", "bumped", "covered"]) tagBusts.inc({ outcome }, 0);
  for (const outcome of ["removed", "softened", "own", "refused", "other"]) membersSwept.inc({ outcome }, 0);
  for (const outcome of ["ended", "lost"]) sweeps.inc({ outcome }, 0);
  for (const reason of deadReasons) deadLetters.inc({ reason }, 0);
  for (const rule of ruleNames) {
    ruleMatches.inc({ rule }, 0);
    ruleLastMatch.set({ rule }, 0);
  }
}

function addServiceGauges(registers: Registry[], sources: MetricSources): void {
  new Gauge({
    name: "freshet_waiting_partitions",
    help: "Partitions that wait for Redis or for the dead-letter topic",
    registers,
    collect() {
      this.set(sources.waiting().length);
    },
  });
  new Gauge({
    name: "freshet_assigned_partitions",
    help: "Partitions this process has",
    registers,
    collect() {
      this.set(sources.assignedCount());
    },
  });
  new Gauge({
    name: "freshet_consumer_silent_seconds",
    help: "Since when Kafka has not answered the consumer",
    registers,
    collect() {
      this.set(sources.silence().ms / 1000);
    },
  });
  new Gauge({
    name: "freshet_consumer_stuck",
    help: "1 when Kafka has not answered the consumer for longer than its work explains",
    registers,
    collect() {
      this.set(sources.silence().isStuck ? 1 : 0);
    },
  });
  new Gauge({
    name: "freshet_start_waiting",
    help: "1 for each thing the start waits for, with the reason",
    labelNames: ["on", "code"],
    registers,
    collect() {
      this.reset();
      for (const { name, code } of sources.startWaits()) this.set({ on: name, code }, 1);
    },
  });
}

function addLetterGauge(registers: Registry[], sources: MetricSources, clock: { nowMs(): number }): void {
  new Gauge({
    name: "freshet_dlq_oldest_age_seconds",
    help: "Age of the oldest dead letter that nobody has resolved; 0 where there is none, absent where nobody has looked",
    labelNames: ["reason"],
    registers,
    collect() {
      this.reset();
      for (const [reason, writtenMs] of sources.openLetters()) {
        this.set({ reason }, writtenMs === null ? 0 : Math.max(0, clock.nowMs() - writtenMs) / 1000);
      }
    },
  });
}

function addSweepGauges(registers: Registry[], sources: MetricSources): void {
  const gauge = (name: string, help: string, read: (sweeps: SweepStatus) => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const sweeps = sources.sweeps();
        this.set(sweeps === null ? 0 : read(sweeps));
      },
    });
  gauge("freshet_sweep_pending", "Busted tags whose index is not walked to its end", ({ pending }) => pending);
  gauge("freshet_sweep_oldest_age_seconds", "Age of the oldest bust that waits for a walk", ({ oldestAgeMs }) => oldestAgeMs / 1000);
  gauge("freshet_sweep_waiting", "Walks that wait because of Redis", ({ troubles }) => troubles.length);
  new Gauge({
    name: "freshet_tag_index_members",
    help: "Members of the indexes of tags that this process has seen busted, as of the last look, by declared tag",
    labelNames: ["tag"],
    registers,
    collect() {
      this.reset();
      for (const [tag, members] of sources.sweeps()?.indexSizes ?? []) this.set({ tag }, members);
    },
  });
}

function addInfo(registers: Registry[], { version, mode, rules: { hash } }: BuildInfo): void {
  const build = new Gauge({
    name: "freshet_build_info",
    help: "Which build this is, and how it runs",
    labelNames: ["version", "kafka_client", "mode"],
    registers,
  });
  build.set({ version, kafka_client: "kafkajs", mode }, 1);
  const rules = new Gauge({ name: "freshet_rules_info", help: "Which rules this process runs", labelNames: ["rules_hash"], registers });
  rules.set({ rules_hash: hash }, 1);
}
