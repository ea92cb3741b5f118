import { Kafka, KafkaJSError, logLevel, type Message } from "kafkajs";

/** The cluster as an operator sees it, by stock kafkajs. */
export interface BrokerView {
  /** Records of the topic that the group has not committed; -1 while brokers do not say. */
  behind(group: string, topic: string): Promise<number>;
  /** The id of the node that coordinates the group. */
  coordinatorOf(group: string): Promise<number>;
  /** The id of the node that leads the first partition of a topic. */
  leaderOf(topic: string): Promise<number>;
  createPartitions(topic: string, count: number): Promise<void>;
  /** By a client that has never heard of the topic: one that has cannot get over its having been deleted. */
  createTopic(topic: string, partitions: number): Promise<void>;
  /** Resolves when brokers have taken the topic away. */
  deleteTopic(topic: string): Promise<void>;
  deleteGroup(group: string): Promise<void>;
  /** A producer in the middle of a transaction. */
  begin(transactionalId: string, timeoutMs: number): Promise<OpenTransaction>;
  close(): Promise<void>;
}

export interface OpenTransaction {
  send(topic: string, messages: readonly Message[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
  /** Goes away as a process does that dies: the transaction stays open. */
  forsake(): Promise<void>;
}

export async function openBrokerView(brokers: string, requestTimeout: number): Promise<BrokerView> {
  const kafka = new Kafka({
    clientId: "drill",
    brokers: brokers.split(","),
    requestTimeout,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 200, retries: 20, maxRetryTime: 2000 },
  });
  const admin = kafka.admin();
  await admin.connect();
  const leadersOf = async (topic: string) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions ?? [];
  };
  return {
    behind: async (group, topic) => {
      try {
        const [ends, [committed]] = await Promise.all([
          admin.fetchTopicOffsets(topic),
          admin.fetchOffsets({ groupId: group, topics: [topic] }),
        ]);
        const at = new Map((committed?.partitions ?? []).map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
        return ends.reduce((sum, { partition, high }) => sum + Math.max(0, Number(high) - (at.get(partition) ?? 0)), 0);
      } catch (error) {
        if (error instanceof KafkaJSError) return -1;
        throw error;
      }
    },
    coordinatorOf: async (group) => {
      const partitions = await leadersOf("__consumer_offsets");
      const own = hashOf(group) % partitions.length;
      return partitions.find(({ partitionId }) => partitionId === own)?.leader ?? -1;
    },
    leaderOf: async (topic) => (await leadersOf(topic)).find(({ partitionId }) => partitionId === 0)?.leader ?? -1,
    createPartitions: async (topic, count) => void (await admin.createPartitions({ topicPartitions: [{ topic, count }] })),
    createTopic: async (topic, numPartitions) => {
      const fresh = kafka.admin();
      await fresh.connect();
      try {
        await fresh.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
      } finally {
        await fresh.disconnect();
      }
    },
    deleteTopic: (topic) => admin.deleteTopics({ topics: [topic] }),
    deleteGroup: async (group) => void (await admin.deleteGroups([group])),
    begin: async (transactionalId, timeoutMs) => {
      const settings = { transactionalId, idempotent: true, maxInFlightRequests: 1, transactionTimeout: timeoutMs };
      const producer = kafka.producer(settings);
      await producer.connect();
      const transaction = await producer.transaction();
      const ended = async (end: () => Promise<void>) => {
        await end();
        await producer.disconnect();
      };
      return {
        send: async (topic, messages) => void (await transaction.send({ topic, messages: [...messages], acks: -1 })),
        commit: () => ended(() => transaction.commit()),
        abort: () => ended(() => transaction.abort()),
        forsake: () => producer.disconnect(),
      };
    },
    close: () => admin.disconnect(),
  };
}

/** As a broker finds a group's partition of `__consumer_offsets`: Java's hash of the name, without its sign. */
function hashOf(group: string): number {
  let hash = 0;
  for (const character of group) hash = (Math.imul(31, hash) + character.charCodeAt(0)) | 0;
  return hash & 0x7fffffff;
}
