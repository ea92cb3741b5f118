import { createRequire } from "node:module";
import type { RecordHeader } from "@freshet/protocol";
import type { Kafka, Producer, ProducerConfig } from "kafkajs";
import { createLogProducer, type LogProducer } from "../src/kafkajs-producer.js";
import { timeoutError } from "./stub-cluster.js";

/**
 * A broker that is not there, under kafkajs' own producer code. It appends as a real one does: a batch of an idempotent producer whose
 * numbers it has seen is answered with success and not appended.
 */
export interface StubProducing {
  readonly producer: LogProducer;
  /** kafkajs' own, as it comes. */
  readonly stock: () => Producer;
  /** Every record that lies in the log, in order. */
  readonly log: StubRecord[];
  readonly disconnects: () => number;
  /** What happens to the next requests: `lost` appends and never answers. Then all is well. */
  readonly weather: ("lost" | "well" | "refused")[];
  /** Nodes that never answer: stock kafkajs' error is `timeout`, ours with the patches `closed`. */
  readonly silent: Map<number, "timeout" | "closed">;
  /** The node of each request, in order. */
  readonly asked: number[];
  /** The node that leads each partition. Clients hear of a change when they refresh what they know. */
  readonly leaders: number[];
}

export interface StubRecord {
  readonly topic: string;
  readonly value: string | null;
  readonly headers: readonly RecordHeader[];
}

interface ProduceRequest {
  readonly producerId: number;
  readonly acks: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly firstSequence?: number; readonly messages: readonly Listed[] }[];
  }[];
}

interface Listed {
  readonly value: Buffer | null;
  readonly headerList: readonly RecordHeader[];
}

const inside = createRequire(import.meta.url);
const createProducer: (config: object) => Producer = inside("kafkajs/src/producer");
const { createErrorFromCode }: { createErrorFromCode(code: number): Error } = inside("kafkajs/src/protocol/error");
const { createLogger }: { createLogger(config: object): object } = inside("kafkajs/src/loggers");

/** What kafkajs makes of a connection that a broker closed, and the patches of a broker that did not answer our records. */
function closedError(nodeId: number): Error {
  const { KafkaJSConnectionClosedError }: { KafkaJSConnectionClosedError: new (problem: string, at: object) => Error } =
    inside("kafkajs/src/errors");
  return new KafkaJSConnectionClosedError("the stub is gone", { host: `b${nodeId}`, port: 9092 });
}

const NOT_LEADER = 6;
const MESSAGE_TOO_LARGE = 10;
const retry = { initialRetryTime: 1, retries: 2, maxRetryTime: 5 };

/** What of a cluster does nothing here. */
const quietCluster = {
  retry,
  isConnected: () => true,
  connect: async () => undefined,
  refreshMetadataIfNecessary: async () => undefined,
  addMultipleTargetTopics: async () => undefined,
  removeBroker: () => undefined,
};

function acknowledgementOf(topicData: ProduceRequest["topicData"]): object {
  const topics = topicData.map(({ topic: topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partition }) => ({ partition, errorCode: 0, baseOffset: "0" })),
  }));
  return { topics };
}

export function createStubProducing({ bytesMax = 1_000_000, leaders = [1] } = {}): StubProducing {
  const [log, weather, asked]: [StubRecord[], StubProducing["weather"], number[]] = [[], [], []];
  const silent: StubProducing["silent"] = new Map();
  const seen = new Set<string>();
  let disconnects = 0;

  let known = [...leaders];
  const nodes = new Map<number, object>();
  const brokerOf = (nodeId: number) => {
    const broker = nodes.get(nodeId) ?? makeBroker(nodeId);
    nodes.set(nodeId, broker);
    return broker;
  };
  const makeBroker = (nodeId: number) => ({
    nodeId,
    isConnected: () => true,
    initProducerId: async () => ({ producerId: 7, producerEpoch: 0 }),
    async produce({ producerId, topicData }: ProduceRequest) {
      asked.push(nodeId);
      const silence = silent.get(nodeId);
      if (silence !== undefined) throw silence === "timeout" ? timeoutError() : closedError(nodeId);
      const now = weather.shift() ?? "well";
      if (now === "refused") throw createErrorFromCode(MESSAGE_TOO_LARGE);
      for (const { topic, partitions } of topicData) {
        for (const { partition, firstSequence, messages } of partitions) {
          if (leaders[partition] !== nodeId) throw createErrorFromCode(NOT_LEADER);
          if (messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0) > bytesMax) throw createErrorFromCode(MESSAGE_TOO_LARGE);
          const name = `${topic}/${partition}/${firstSequence}/${messages.length}`;
          if (producerId >= 0 && seen.has(name)) continue;
          seen.add(name);
          log.push(
            ...messages.map(({ value, headerList }) => ({ topic, value: value === null ? null : String(value), headers: headerList })),
          );
        }
      }
      if (now === "lost") throw timeoutError();
      return acknowledgementOf(topicData);
    },
  });
  const cluster = {
    ...quietCluster,
    targetTopics: new Set<string>(),
    disconnect: async () => {
      disconnects++;
    },
    refreshMetadata: async () => {
      known = [...leaders];
    },
    findTopicPartitionMetadata: () => known.map((leader, partitionId) => ({ partitionId, leader })),
    findLeaderForPartitions: (_topic: string, partitions: readonly string[]) =>
      Object.groupBy(partitions.map(Number), (partition) => known[partition] ?? -1),
    findBroker: async ({ nodeId }: { readonly nodeId: string }) => brokerOf(Number(nodeId)),
    findControllerBroker: async () => brokerOf(1),
  };
  const kafka: Pick<Kafka, "producer"> = {
    producer: (settings?: ProducerConfig) =>
      createProducer({ ...settings, retry, cluster, logger: createLogger({ level: 0, logCreator: () => () => undefined }) }),
  };
  return {
    producer: createLogProducer(kafka),
    stock: () => kafka.producer(),
    log,
    weather,
    silent,
    asked,
    leaders,
    disconnects: () => disconnects,
  };
}
