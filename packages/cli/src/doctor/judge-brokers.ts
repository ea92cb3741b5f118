import type { TopicHealth } from "@freshet/kafka/port";
import { plural } from "../commands/dlq-text.js";
import { type Judged, looked, skipped, troubleWith } from "./check.js";
import type { Facts } from "./facts.js";
import { type DoctorFinding, finding } from "./finding.js";

/** Whether brokers answer, speak our protocol, and have enough copies of each topic. */
export function judgeBrokers({ cluster }: Facts): Judged {
  if (cluster.kind === "skipped") return skipped("brokers", cluster.because);
  if (cluster.kind === "failed") return skipped("brokers", "could not be asked", [troubleWith("kafka", cluster.error)]);
  const { brokers, release, topics } = cluster.value;
  const there = topics.filter(({ state }) => state === "there");
  const isCapped = CAPPED.test(release);
  const findings = there.flatMap((topic) => [...leaders(topic), ...copies(topic, { brokers: brokers.length, isCapped })]);
  return looked("brokers", `${plural(brokers.length, "broker")}, ${release}; all codecs work here`, findings);
}

function leaders({ topic, partitionsWithoutLeader: count }: TopicHealth): readonly DoctorFinding[] {
  if (count === 0) return [];
  const fix = "Bring the brokers back that have it: kafka-topics.sh --describe --unavailable-partitions names them.";
  return [finding("partition-leaderless", { subject: topic, problem: `${plural(count, "partition")} without a leader`, fix })];
}

/** From 3.7 on brokers take a `min.insync.replicas` that is larger than the number of replicas for that number. */
const CAPPED = /^Kafka (?:3\.[789]|[4-9])/;

interface Around {
  readonly brokers: number;
  readonly isCapped: boolean;
}

function copies({ topic, replicas, inSyncReplicas, settings }: TopicHealth, { brokers, isCapped }: Around): readonly DoctorFinding[] {
  const least = Number(settings?.get("min.insync.replicas") ?? "1");
  if (least > replicas) {
    const problem = `min.insync.replicas is ${least}, and there ${replicas === 1 ? "is one replica" : `are ${replicas} replicas`}`;
    const fix = `Set min.insync.replicas to ${Math.max(1, replicas - 1)}, or give the topic more replicas (kafka-reassign-partitions.sh).`;
    return [finding("replication-impossible", { subject: topic, problem, fix, ...(isCapped ? { severity: "warning" } : {}) })];
  }
  if (inSyncReplicas < least) {
    const problem = `a partition has ${plural(inSyncReplicas, "replica")} in sync, and ${least} must be`;
    const fix = "Bring the brokers back that are behind: kafka-topics.sh --describe --under-min-isr-partitions names them.";
    return [finding("replicas-out-of-sync", { subject: topic, problem, fix })];
  }
  if (replicas > 1 || brokers < 2) return [];
  const fix = "Give the topic more replicas with kafka-reassign-partitions.sh.";
  return [finding("replication-low", { subject: topic, problem: `one replica, with ${plural(brokers, "broker")}`, fix })];
}
