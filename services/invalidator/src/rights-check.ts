import type { ClusterView, KafkaPort, KafkaRight } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";

/** What the service reads and writes. */
export interface UsedNames {
  readonly sources: readonly string[];
  readonly deadLetters: string;
  readonly group: string;
  /** The sources that the service's canaries are written to. */
  readonly canaries?: readonly string[];
}

/** What the service's user needs on each; `infra/kafka/acls.json` has the same for administrators. */
const SOURCE_RIGHTS: readonly KafkaRight[] = ["READ", "DESCRIBE", "DESCRIBE_CONFIGS"];
const DEAD_LETTER_RIGHTS: readonly KafkaRight[] = ["WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"];
const GROUP_RIGHTS: readonly KafkaRight[] = ["READ", "DESCRIBE"];

/**
 * Insists on the rights of the client's user, as the brokers tell them; those that do not tell, and topics that are missing, are
 * for others to find.
 *
 * @throws FreshetError FR3006 that names each right that is missing; `wait` when no broker answers.
 */
export async function checkRights(used: UsedNames, kafka: Pick<KafkaPort, "inspect">): Promise<void> {
  const { sources, deadLetters, group, canaries = [] } = used;
  const view = await kafka.inspect([...sources, deadLetters], group);
  if (view.groupTrouble !== undefined) throw view.groupTrouble;
  const missing = [
    ...sources.flatMap((topic) => onTopic(view, topic, SOURCE_RIGHTS)),
    ...canaries.flatMap((topic) => onTopic(view, topic, ["WRITE"])),
    ...onTopic(view, deadLetters, DEAD_LETTER_RIGHTS),
    ...lacking(GROUP_RIGHTS, view.groupRights).map((right) => `${right} on group ${group}`),
  ];
  if (missing.length === 0) return;
  const fix = "Allow each of them to the client's user; infra/kafka/README.md has the commands.";
  throw new FreshetError("FR3006", "halt", `Kafka does not allow this user: ${missing.join(", ")}`, fix);
}

function onTopic({ topics }: ClusterView, topic: string, needed: readonly KafkaRight[]): readonly string[] {
  const found = topics.find((health) => health.topic === topic);
  if (found === undefined || found.state === "missing") return [];
  const has = found.state === "forbidden" ? new Set<KafkaRight>() : found.rights;
  return lacking(needed, has).map((right) => `${right} on topic ${topic}`);
}

/** In the words of Kafka's command line. */
function lacking(needed: readonly KafkaRight[], has: ReadonlySet<KafkaRight> | null): readonly string[] {
  if (has === null) return [];
  return needed
    .filter((right) => !has.has(right))
    .map((right) => right.toLowerCase().replace(/(?:^|_)[a-z]/g, (at) => at.slice(-1).toUpperCase()));
}
