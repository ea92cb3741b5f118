import { createRequire } from "node:module";
import type { KafkaRecord } from "@freshet/protocol";
import { until } from "@freshet/testkit";
import type { Consumer, PartitionAssigner } from "kafkajs";
import { FlatMessages } from "../src/fetch-decoder.js";
import type { LogReading } from "../src/port.js";

/**
 * A cluster that is not there: kafkajs' own consumer code runs on it, so its rebalances, retries and crashes are the real ones,
 * in milliseconds and at a test's command. Logs hold records `start` … `end` of each partition of one topic, `t`.
 */
export interface StubCluster extends Pick<LogReading, "offsets" | "committed"> {
  readonly topic: string;
  /** Every consumer that was made; the last one is alive, if any. */
  readonly consumers: Consumer[];
  readonly commits: StubCommit[];
  /** What is committed, by partition. */
  readonly stored: Map<number, number>;
  joins: number;
  leaves: number;
  heartbeats: number;
  fetches: number;
  /** Makes a consumer on this cluster. */
  consumer(assigner: PartitionAssigner): Consumer;
}

export interface StubCommit {
  readonly generation: number;
  readonly offsets: ReadonlyMap<number, number>;
}

export interface StubScript {
  readonly partitions: readonly number[];
  /** The first offset of each partition that is still there; 0 when absent. */
  readonly start?: number;
  /** The offset the next record of each partition will get. */
  readonly end: number;
  /** Offsets without a record: what ends a transaction, or what compaction left. */
  readonly empty?: readonly number[];
  /** Records one fetch brings of a partition. */
  readonly batch?: number;
  readonly brokers?: readonly string[];
  readonly leaderOf?: (partition: number) => number;
  /** The partitions a join assigns, by its number from 1; all when absent. */
  readonly assign?: (join: number) => readonly number[];
  /** Topics that a join assigns besides, which nobody here reads. */
  readonly alsoAssigned?: readonly string[];
  /** So many questions for a log's beginning or end get no answer. */
  readonly offsetQuestionsFail?: number;
  readonly onJoin?: (join: number) => Promise<void> | void;
  readonly onHeartbeat?: (cluster: StubCluster) => Promise<void> | void;
  readonly onCommit?: (commit: StubCommit, cluster: StubCluster) => Promise<void> | void;
  /** Somebody wants to know who leads. */
  readonly onRefresh?: () => void;
  readonly onFetch?: (broker: string, cluster: StubCluster) => Promise<void> | void;
  readonly heartbeatIntervalMs?: number;
}

const inside = createRequire(import.meta.url);
const createConsumer: (config: object) => Consumer = inside("kafkajs/src/consumer");
const { MemberAssignment }: { MemberAssignment: { encode(given: object): Buffer } } = inside("kafkajs/src/consumer/assignerProtocol");
const { createErrorFromCode }: { createErrorFromCode(code: number): Error } = inside("kafkajs/src/protocol/error");
const { createLogger }: { createLogger(config: object): object } = inside("kafkajs/src/loggers");

const CODES = { ILLEGAL_GENERATION: 22, UNKNOWN_MEMBER_ID: 25, REBALANCE_IN_PROGRESS: 27, NOT_COORDINATOR_FOR_GROUP: 16 } as const;

/** An error as a broker would answer it. */
export function brokerError(type: keyof typeof CODES): Error {
  return createErrorFromCode(CODES[type]);
}

/** An error of kafkajs that ends the consumer. */
export function fatalError(): Error {
  const { KafkaJSNonRetriableError }: { KafkaJSNonRetriableError: new (message: string) => Error } = inside("kafkajs/src/errors");
  return new KafkaJSNonRetriableError("the stub says no");
}

/** What kafkajs makes of a request that was not answered in time. */
export function timeoutError(): Error {
  const { KafkaJSRequestTimeoutError }: { KafkaJSRequestTimeoutError: new (message: string, details: object) => Error } =
    inside("kafkajs/src/errors");
  return new KafkaJSRequestTimeoutError("the stub does not answer", {
    broker: "1",
    correlationId: 1,
    createdAt: 0,
    sentAt: 0,
    pendingDuration: 1,
  });
}

/** What kafkajs makes of a broker that is not there. */
export function connectionError(): Error {
  const { KafkaJSConnectionError }: { KafkaJSConnectionError: new (message: string, details: object) => Error } =
    inside("kafkajs/src/errors");
  return new KafkaJSConnectionError("the stub is not there", { broker: "1", code: "ECONNREFUSED" });
}

/** What kafkajs makes of a fetch from outside of the log. */
function outOfRange(topic: string, partition: number): Error {
  const { KafkaJSOffsetOutOfRange }: { KafkaJSOffsetOutOfRange: new (cause: Error, at: object) => Error } = inside("kafkajs/src/errors");
  return new KafkaJSOffsetOutOfRange(createErrorFromCode(1), { topic, partition });
}

const TOPIC = "t";

export function createStubCluster(script: StubScript): StubCluster {
  const stub: StubCluster = {
    topic: TOPIC,
    consumers: [],
    commits: [],
    stored: new Map(),
    joins: 0,
    leaves: 0,
    heartbeats: 0,
    fetches: 0,
    offsets: async () =>
      script.partitions.map((partition) => ({
        topic: TOPIC,
        partition,
        earliest: script.start ?? 0,
        latest: script.end,
        stable: script.end,
      })),
    committed: async () => script.partitions.map((partition) => ({ topic: TOPIC, partition, offset: stub.stored.get(partition) ?? null })),
    consumer(assigner) {
      const consumer = createConsumer({
        cluster: clusterOf(script, stub),
        partitionAssigners: [assigner],
        groupId: "g",
        logger: createLogger({ level: 0, logCreator: () => () => undefined }),
        retry: { initialRetryTime: 5, retries: 3, maxRetryTime: 20, restartOnFailure: async () => false },
        heartbeatInterval: script.heartbeatIntervalMs ?? 1,
        sessionTimeout: 10_000,
        rebalanceTimeout: 10_000,
        maxWaitTimeInMs: 2,
        metadataMaxAge: 1000,
      });
      stub.consumers.push(consumer);
      return consumer;
    },
  };
  return stub;
}

function clusterOf(script: StubScript, stub: StubCluster): object {
  const offsetsByGroup = new Map<string, object>();
  let unanswered = script.offsetQuestionsFail ?? 0;
  const leaderOf = script.leaderOf ?? (() => 1);
  const coordinator = coordinatorOf(script, stub);
  const cluster = {
    targetTopics: new Set<string>(),
    connect: async () => undefined,
    disconnect: async () => undefined,
    addMultipleTargetTopics: async (topics: readonly string[]) => {
      for (const topic of topics) cluster.targetTopics.add(topic);
    },
    refreshMetadata: async () => script.onRefresh?.(),
    refreshMetadataIfNecessary: async () => undefined,
    removeBroker: () => undefined,
    getNodeIds: () => script.brokers ?? ["1"],
    findTopicPartitionMetadata: () => script.partitions.map((partitionId) => ({ partitionId, leader: leaderOf(partitionId) })),
    defaultOffset: ({ fromBeginning }: { fromBeginning: boolean }) => (fromBeginning ? -2 : -1),
    committedOffsets({ groupId }: { groupId: string }) {
      const known = offsetsByGroup.get(groupId) ?? {};
      offsetsByGroup.set(groupId, known);
      return known;
    },
    async fetchTopicsOffset(topics: readonly OffsetQuestion[]) {
      if (unanswered-- > 0) throw timeoutError();
      return topics.map(({ topic, partitions, fromBeginning }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({ partition, offset: String(fromBeginning ? (script.start ?? 0) : script.end) })),
      }));
    },
    findBroker: async ({ nodeId }: { nodeId: string }) => brokerOf(nodeId, script, stub),
    findGroupCoordinator: async () => coordinator,
  };
  return cluster;
}

interface OffsetQuestion {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number }[];
  readonly fromBeginning: boolean;
}

interface PartitionOffset {
  /** kafkajs keeps them as keys of an object here, so it may be text. */
  readonly partition: number | string;
  readonly offset: string;
}

function coordinatorOf(script: StubScript, stub: StubCluster): object {
  return {
    isConnected: () => true,
    async joinGroup({ groupProtocols }: { groupProtocols: readonly { metadata: Buffer }[] }) {
      const join = ++stub.joins;
      await script.onJoin?.(join);
      const member = { memberId: `m${join}`, memberMetadata: groupProtocols[0]?.metadata };
      return {
        generationId: join,
        leaderId: member.memberId,
        memberId: member.memberId,
        members: [member],
        groupProtocol: "RoundRobinAssigner",
      };
    },
    async syncGroup() {
      const partitions = script.assign?.(stub.joins) ?? script.partitions;
      const others = (script.alsoAssigned ?? []).map((topic) => [topic, [0]]);
      const assignment = Object.fromEntries([[TOPIC, [...partitions]], ...others]);
      return { memberAssignment: MemberAssignment.encode({ version: 0, assignment }) };
    },
    async heartbeat() {
      stub.heartbeats++;
      await script.onHeartbeat?.(stub);
    },
    async leaveGroup() {
      stub.leaves++;
    },
    async offsetCommit(request: { groupGenerationId: number; topics: readonly { partitions: readonly PartitionOffset[] }[] }) {
      const pairs = request.topics.flatMap((topic) =>
        topic.partitions.map(({ partition, offset }): [number, number] => [Number(partition), Number(offset)]),
      );
      const commit = { generation: request.groupGenerationId, offsets: new Map(pairs) };
      await script.onCommit?.(commit, stub);
      stub.commits.push(commit);
      for (const [partition, offset] of pairs) stub.stored.set(partition, offset);
    },
    async offsetFetch({ topics }: { topics: readonly { topic: string; partitions: readonly { partition: number }[] }[] }) {
      const offsetOf = (partition: number): string => String(stub.stored.get(partition) ?? -1);
      return {
        responses: topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => ({ partition, offset: offsetOf(partition) })),
        })),
      };
    },
  };
}

interface FetchRequest {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
  }[];
}

function brokerOf(nodeId: string, script: StubScript, stub: StubCluster): object {
  return {
    async fetch(request: FetchRequest) {
      stub.fetches++;
      await script.onFetch?.(nodeId, stub);
      let looks = 0;
      await until(() => looks++ > 0, { pollMs: 1 });
      const responses = request.topics.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition, fetchOffset }) => {
          const from = Number(fetchOffset);
          if (from < (script.start ?? 0) || from > script.end) throw outOfRange(topic, partition);
          return fetched(partition, from, script);
        }),
      }));
      return { responses };
    },
  };
}

function fetched(partition: number, from: number, script: StubScript): object {
  const count = Math.max(0, Math.min(script.batch ?? 3, script.end - from));
  const offsets = Array.from({ length: count }, (_, at) => from + at).filter((offset) => !script.empty?.includes(offset));
  const records = offsets.map((offset): KafkaRecord => {
    return { topic: TOPIC, partition, offset, timestampMs: 0, key: null, value: Buffer.from("v"), headers: [] };
  });
  const messages = count === 0 ? [] : [new FlatMessages(records, from + count - 1)];
  return { partition, highWatermark: String(script.end), abortedTransactions: [], messages };
}
