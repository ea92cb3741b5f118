import type { TopicHealth, TopicSpec } from "@freshet/kafka/port";
import { limits } from "@freshet/protocol";
import { plural } from "../commands/dlq-text.js";
import { type Judged, looked, skipped } from "./check.js";
import { type Facts, knownOf } from "./facts.js";
import { type DoctorFinding, finding } from "./finding.js";

/** Codecs that Freshet reads, as `compression.type` names them. */
const codecs: ReadonlySet<string> = new Set(["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]);
const HOUR_MS = 3_600_000;

/** Whether topics are there, and are set as they must be. */
export function judgeTopics(facts: Facts): Judged {
  const cluster = knownOf(facts.cluster);
  if (cluster === null) return skipped("topics", "brokers could not be asked");
  const sources = sourcesOf(facts);
  const found = new Map(cluster.topics.map((health) => [health.topic, health]));
  const healthOf = (topic: string) => found.get(topic);
  const ofSources = sources.flatMap((topic) => sourceFindings(topic, healthOf(topic), facts.replayWindowMs));
  const ofOwn = facts.ownTopics.flatMap((spec) => ownFindings(spec, healthOf(spec.topic)));
  const sizes = sources.map((topic) => numberOf(healthOf(topic), "max.message.bytes") ?? 0);
  const fits = facts.ownTopics.flatMap((spec) => (isDeadLetters(spec.topic) ? sizeFindings(healthOf(spec.topic), sizes) : []));
  const seen = `${plural(sources.length, "source topic")}, ${facts.ownTopics.length} of Freshet's own`;
  return looked("topics", seen, [...ofSources, ...ofOwn, ...fits]);
}

export function sourcesOf({ rules }: Facts): readonly string[] {
  return knownOf(rules)?.rules?.topics ?? [];
}

export function isDeadLetters(topic: string): boolean {
  return topic.startsWith("freshet.dlq.");
}

/** Only looked at where the canary is on: then the service does not start without it. */
export function isCanary(topic: string): boolean {
  return topic.startsWith("freshet.canary.");
}

function sourceFindings(topic: string, health: TopicHealth | undefined, windowMs: number): readonly DoctorFinding[] {
  if (health?.state === "forbidden") return [forbidden(topic)];
  if (health?.state !== "there") {
    const fix = "Create it, or correct its name in the rules file.";
    return [finding("topic-missing", { subject: topic, problem: "the rules name this topic, and it does not exist", fix, code: "FR3002" })];
  }
  return [...retention(health, windowMs), ...codec(health), ...compaction(health), ...timestamps(health)];
}

function forbidden(topic: string): DoctorFinding {
  const fix = `Allow this user DESCRIBE on it: kafka-acls.sh --add --allow-principal User:… --operation Describe --topic ${topic}`;
  return finding("topic-forbidden", { subject: topic, problem: "this user may not describe it", fix, code: "FR3006" });
}

/** The service's user need not see it, and should not: commands run as another. */
function ofCommands(topic: string): DoctorFinding {
  const problem = "this user may not describe it; freshet replay and bust need it, the service does not";
  return { ...forbidden(topic), severity: "note", problem };
}

/** `-1` keeps for ever. */
function retention(health: TopicHealth, leastMs: number): readonly DoctorFinding[] {
  const keptMs = numberOf(health, "retention.ms");
  const isDeleted = (health.settings?.get("cleanup.policy") ?? "delete").includes("delete");
  if (keptMs === null || keptMs < 0 || keptMs >= leastMs || !isDeleted) return [];
  const problem = `records are kept for ${hours(keptMs)}, and should be for ${hours(leastMs)}`;
  return [finding("retention-short", { subject: health.topic, problem, fix: alter(health.topic, `retention.ms=${leastMs}`) })];
}

function codec({ topic, settings }: TopicHealth): readonly DoctorFinding[] {
  const type = settings?.get("compression.type");
  if (type === undefined || codecs.has(type)) return [];
  return [
    finding("codec-unknown", { subject: topic, problem: `compression.type is ${type}`, fix: alter(topic, "compression.type=producer") }),
  ];
}

function compaction({ topic, settings }: TopicHealth): readonly DoctorFinding[] {
  if (settings?.get("cleanup.policy")?.includes("compact") !== true) return [];
  const fix = "Nothing, where rules and replays need only the newest event of a key; else cleanup.policy=delete.";
  return [finding("source-compacted", { subject: topic, problem: "cleanup.policy has compact", fix })];
}

function timestamps({ topic, settings }: TopicHealth): readonly DoctorFinding[] {
  if (settings?.get("message.timestamp.type") !== "CreateTime") return [];
  const fix = "Nothing, where producers keep time; else message.timestamp.type=LogAppendTime.";
  return [finding("producer-timestamps", { subject: topic, problem: "timestamps are those of its producers (CreateTime)", fix })];
}

/** Against `infra/kafka/topics.json`. */
function ownFindings({ topic, config }: TopicSpec, health: TopicHealth | undefined): readonly DoctorFinding[] {
  const isOfService = isDeadLetters(topic) || isCanary(topic);
  if (health?.state === "forbidden") return [isOfService ? forbidden(topic) : ofCommands(topic)];
  if (health?.state !== "there") {
    const found = {
      subject: topic,
      problem: "this topic of Freshet's own does not exist",
      fix: "freshet topics create",
      code: "FR3002",
    } as const;
    return [finding("own-topic-missing", isOfService ? found : { ...found, severity: "warning" })];
  }
  const leastMs = Number(config["retention.ms"] ?? "0");
  return [...retention(health, leastMs), ...policyFindings(health, config["cleanup.policy"] ?? "delete")];
}

function policyFindings({ topic, settings }: TopicHealth, wanted: string): readonly DoctorFinding[] {
  const policy = settings?.get("cleanup.policy");
  if (policy === undefined || policy === wanted) return [];
  const found = { subject: topic, problem: `cleanup.policy is ${policy}`, fix: alter(topic, `cleanup.policy=${wanted}`) };
  if (wanted === "compact") return [finding("jobs-not-compacted", found)];
  return isDeadLetters(topic) ? [finding("dead-letters-compacted", found)] : [];
}

function sizeFindings(health: TopicHealth | undefined, sources: readonly number[]): readonly DoctorFinding[] {
  const bytes = numberOf(health, "max.message.bytes");
  const wanted = Math.max(0, ...sources) + limits.deadLetterBytesHeadroom;
  if (health === undefined || bytes === null || sources.length === 0 || bytes >= wanted) return [];
  const problem = `takes records of ${bytes} bytes, and dead letters may have ${wanted}`;
  const fix = alter(health.topic, `max.message.bytes=${wanted}`);
  return [finding("dead-letters-too-small", { subject: health.topic, problem, fix, code: "FR1002" })];
}

function numberOf(health: TopicHealth | undefined, name: string): number | null {
  const text = health?.settings?.get(name);
  return text === undefined ? null : Number(text);
}

function hours(ms: number): string {
  return ms < HOUR_MS ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / HOUR_MS)} h`;
}

function alter(topic: string, setting: string): string {
  return `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`;
}
