import type { ClusterView, KafkaRight, TopicHealth, TopicSpec } from "./port.js";

/** What a broker has where a topic says nothing. */
const defaults: Readonly<Record<string, string>> = {
  "cleanup.policy": "delete",
  "compression.type": "producer",
  "max.message.bytes": "1048588",
  "message.timestamp.type": "CreateTime",
  "min.insync.replicas": "1",
  "retention.ms": "604800000",
};

const allRights: ReadonlySet<KafkaRight> = new Set<KafkaRight>([
  "READ",
  "WRITE",
  "CREATE",
  "DELETE",
  "ALTER",
  "DESCRIBE",
  "DESCRIBE_CONFIGS",
  "ALTER_CONFIGS",
]);

/** One broker, on which everybody may do everything. */
export function inspectMemory(topics: readonly { readonly topic: string; readonly spec: TopicSpec | undefined }[]): ClusterView {
  return {
    brokers: [{ id: 1, address: "memory" }],
    release: "a log in memory",
    topics: topics.map(({ topic, spec }) => (spec === undefined ? absent(topic) : healthOf(spec))),
    groupRights: allRights,
  };
}

function absent(topic: string): TopicHealth {
  return {
    ...{ topic, state: "missing", partitions: 0, replicas: 0, inSyncReplicas: 0, partitionsWithoutLeader: 0 },
    ...{ settings: null, rights: null },
  };
}

function healthOf({ topic, partitions, replicationFactor, config }: TopicSpec): TopicHealth {
  const replicas = Math.max(1, replicationFactor);
  return {
    ...{ topic, state: "there", partitions: Math.max(1, partitions), replicas, inSyncReplicas: replicas, partitionsWithoutLeader: 0 },
    settings: new Map(Object.entries({ ...defaults, ...config })),
    rights: allRights,
  };
}
