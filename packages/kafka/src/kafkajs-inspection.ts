import { FreshetError } from "@freshet/protocol";
import type { Kafka } from "kafkajs";
import { releaseOf } from "./broker-versions.js";
import { ClusterCalls } from "./cluster-calls.js";
import { protocolTypeOf } from "./kafka-errors.js";
import type { KafkajsCluster } from "./kafkajs-cluster.js";
import { type AskedBroker, FORBIDDEN_GROUP, isForbidden, seedOf } from "./kafkajs-coordinator.js";
import type { ClusterView, KafkaPort, TopicHealth } from "./port.js";
import { groupRequest, type MetadataAnswer, metadataRequest } from "./rights-requests.js";

const timing = { callTimeoutMs: 10_000, patienceMs: 2000 };
const TOPIC = 2;
const FORBIDDEN_TOPIC = 29;

/** Looks at a cluster over kafkajs' connections, and changes nothing. Connects at its first call. */
export function createClusterInspection(kafka: Kafka): Pick<KafkaPort, "inspect" | "close"> {
  const calls = new ClusterCalls(kafka, { timing });
  return {
    async inspect(topics, group) {
      const view = await calls.persist("looking at topics", (cluster) => viewOf(seedOf(cluster), topics));
      const settings = [];
      for (const found of view.topics) {
        settings.push(found.state === "there" ? await settingsOf(calls, found) : found);
      }
      const led = view.topics.find(({ state, partitionsWithoutLeader }) => state === "there" && partitionsWithoutLeader === 0);
      const ofGroup = await calls
        .persist(`looking at group ${group}`, async (cluster) => {
          await meetBrokers(cluster, led?.topic);
          return { groupRights: await rightsOn(cluster, group) };
        })
        .catch(withoutGroup);
      return { ...view, topics: settings, ...ofGroup };
    },
    close: () => calls.close(),
  };
}

async function viewOf(broker: AskedBroker, topics: readonly string[]): Promise<Omit<ClusterView, "groupRights" | "groupTrouble">> {
  const answer = await broker.connectionPool.send(metadataRequest([...new Set(topics)]));
  const found = new Map(answer.topics.map((entry) => [entry.topic, entry]));
  return {
    brokers: answer.brokers,
    release: releaseOf(broker.versions ?? {}),
    topics: topics.map((topic) => healthOf(topic, found.get(topic))),
  };
}

function healthOf(topic: string, found: MetadataAnswer["topics"][number] | undefined): TopicHealth {
  const partitions = found?.partitions ?? [];
  const fewest = (counts: readonly number[]) => (counts.length === 0 ? 0 : Math.min(...counts));
  return {
    topic,
    state: found?.errorCode === FORBIDDEN_TOPIC ? "forbidden" : partitions.length === 0 ? "missing" : "there",
    partitions: partitions.length,
    replicas: fewest(partitions.map(({ replicas }) => replicas)),
    inSyncReplicas: fewest(partitions.map(({ inSync }) => inSync)),
    partitionsWithoutLeader: partitions.filter(({ leader }) => leader < 0).length,
    settings: null,
    rights: found?.rights ?? null,
  };
}

const settingNames = [
  "cleanup.policy",
  "compression.type",
  "max.message.bytes",
  "message.timestamp.type",
  "min.insync.replicas",
  "retention.ms",
];

/** Without the right to read them, the rest is known all the same. */
async function settingsOf(calls: ClusterCalls, health: TopicHealth): Promise<TopicHealth> {
  const resources = [{ type: TOPIC, name: health.topic, configNames: settingNames }];
  const settings = await calls.persist(`reading settings of ${health.topic}`, async (cluster) => {
    try {
      const answer = await seedOf(cluster).describeConfigs({ resources });
      const entries = answer.resources.flatMap(({ configEntries }) => configEntries);
      return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
    } catch (error) {
      if (protocolTypeOf(error) === "TOPIC_AUTHORIZATION_FAILED") return null;
      throw error;
    }
  });
  return { ...health, settings };
}

function withoutGroup(error: unknown): Pick<ClusterView, "groupRights" | "groupTrouble"> {
  if (error instanceof FreshetError && error.disposition === "wait") return { groupRights: null, groupTrouble: error };
  throw error;
}

/**
 * Lets kafkajs hear of the other brokers by a topic that has its leaders: by itself it would ask for all topics there are, and one
 * partition of anybody's that has no leader would fail that.
 */
async function meetBrokers(cluster: KafkajsCluster, topic: string | undefined): Promise<void> {
  if (topic !== undefined) await cluster.metadata({ topics: [topic] });
}

async function rightsOn(cluster: KafkajsCluster, group: string): Promise<ClusterView["groupRights"]> {
  try {
    const coordinator: unknown = await cluster.findGroupCoordinator({ groupId: group });
    const { errorCode, rights } = await (coordinator as AskedBroker).connectionPool.send(groupRequest(group));
    return errorCode === FORBIDDEN_GROUP ? new Set() : rights;
  } catch (error) {
    if (protocolTypeOf(error) === "GROUP_AUTHORIZATION_FAILED" || (await isForbidden(cluster, group))) return new Set();
    throw error;
  }
}
