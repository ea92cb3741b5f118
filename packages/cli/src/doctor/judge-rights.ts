import type { KafkaRight } from "@freshet/kafka/port";
import { type Judged, looked, skipped, troubleWith } from "./check.js";
import { type Facts, knownOf } from "./facts.js";
import { type DoctorFinding, finding } from "./finding.js";
import type { Severity } from "./finding-kinds.js";
import { isCanary, isDeadLetters, sourcesOf } from "./judge-topics.js";

interface Need {
  readonly topic: string;
  readonly rights: readonly KafkaRight[];
  readonly severity: Severity;
  readonly whom: string;
}

/** What the user of this configuration may do, by what brokers say; nothing is tried out. */
export function judgeRights(facts: Facts): Judged {
  const cluster = knownOf(facts.cluster);
  if (cluster === null) return skipped("rights", "brokers could not be asked");
  const needs = [
    ...sourcesOf(facts).map((topic) => ofSource(topic, facts.canaryTopics)),
    ...facts.ownTopics.map(({ topic }) => ofOwn(topic)),
  ];
  const found = new Map(cluster.topics.map((health) => [health.topic, health]));
  const lacking = needs.flatMap((need) => {
    const health = found.get(need.topic);
    return health?.state === "there" && health.rights !== null ? missingOn(need, health.rights) : [];
  });
  const { groupTrouble } = cluster;
  const trouble = groupTrouble === undefined ? [] : [troubleWith("kafka", groupTrouble)];
  const told = cluster.groupRights !== null || cluster.topics.some(({ rights }) => rights !== null);
  if (!told) return skipped("rights", "these brokers do not say what a user may do", trouble);
  return looked("rights", `on ${needs.length} topics and the group ${facts.group}`, [
    ...lacking,
    ...trouble,
    ...ofGroup(facts.group, cluster.groupRights),
  ]);
}

function ofSource(topic: string, canaryTopics: readonly string[] = []): Need {
  const write = canaryTopics.includes(topic) ? (["WRITE"] as const) : [];
  return { topic, rights: ["READ", ...write, "DESCRIBE", "DESCRIBE_CONFIGS"], severity: "error", whom: "the service" };
}

/** What commands need is less grave: they may run as another user. */
function ofOwn(topic: string): Need {
  if (isDeadLetters(topic)) return { topic, rights: ["WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"], severity: "error", whom: "the service" };
  if (isCanary(topic)) return { topic, rights: ["READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"], severity: "error", whom: "the service" };
  return { topic, rights: ["READ", "WRITE"], severity: "note", whom: "freshet replay, or bust," };
}

function missingOn({ topic, rights, severity, whom }: Need, has: ReadonlySet<KafkaRight>): readonly DoctorFinding[] {
  const missing = rights.filter((right) => !has.has(right));
  if (missing.length === 0) return [];
  const problem = `${whom} needs ${missing.join(", ")} on it, and this user has ${[...has].join(", ") || "nothing"}`;
  return [finding("topic-rights", { subject: topic, problem, fix: grant("topic", topic, missing), code: "FR3006", severity })];
}

function ofGroup(group: string, has: ReadonlySet<KafkaRight> | null): readonly DoctorFinding[] {
  const missing = has === null ? [] : (["READ", "DESCRIBE"] as const).filter((right) => !has.has(right));
  if (missing.length === 0) return [];
  const problem = `the service needs ${missing.join(", ")} on its group`;
  return [finding("group-rights", { subject: group, problem, fix: grant("group", group, missing), code: "FR3006" })];
}

function grant(kind: "topic" | "group", name: string, rights: readonly KafkaRight[]): string {
  const operations = rights.map((right) => `--operation ${right === "DESCRIBE_CONFIGS" ? "DescribeConfigs" : capital(right)}`);
  return `kafka-acls.sh --add --allow-principal User:… ${operations.join(" ")} --${kind} ${name}`;
}

function capital(right: string): string {
  return `${right.charAt(0)}${right.slice(1).toLowerCase()}`;
}
