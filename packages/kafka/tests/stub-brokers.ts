import type { Kafka } from "kafkajs";
import { FlatMessages } from "../src/fetch-decoder.js";
import { FlatRecords } from "../src/flat-records.js";
import type { FetchRequest, KafkajsBroker, KafkajsCluster } from "../src/kafkajs-cluster.js";

/** What a stub broker answers for partition 0 of topic `t`, by the offset that is asked for. */
export interface StubLog {
  earliest: number;
  latest: number;
  stable: number;
  /** Batches that are still there: from the first to the last offset, with records or without. */
  readonly batches: { readonly first: number; readonly last: number; readonly offsets: readonly number[] }[];
}

export interface StubBrokers {
  readonly kafka: Kafka;
  readonly log: StubLog;
  /** Who leads the partition. */
  leader: number;
  /** Thrown by each request to a broker, or awaited. */
  trouble: ((request: string, nodeId: number) => Promise<void> | void) | null;
  readonly asked: string[];
  readonly committed: string[];
  clusters: number;
}

/** kafkajs as far as reading uses it: a cluster whose brokers are made up. */
export function createStubBrokers(log: StubLog): StubBrokers {
  const stub: StubBrokers = { kafka: {} as Kafka, log, leader: 1, trouble: null, asked: [], committed: [], clusters: 0 };
  const create = (): KafkajsCluster => {
    stub.clusters++;
    return {
      connect: async () => undefined,
      disconnect: async () => undefined,
      metadata: async () => ({ topicMetadata: [{ topic: "t", partitionMetadata: [{ partitionId: 0, leader: stub.leader }] }] }),
      findBroker: async ({ nodeId }) => brokerOf(stub, nodeId),
      findGroupCoordinator: async () => brokerOf(stub, 0),
    };
  };
  Object.defineProperty(stub.kafka, Symbol("private:Kafka:createCluster"), { value: create });
  return stub;
}

/** An error as kafkajs makes them of brokers' answers. */
export function answerOf(type: string): Error {
  return Object.assign(new Error(type), { name: "KafkaJSProtocolError", type });
}

function brokerOf(stub: StubBrokers, nodeId: number): KafkajsBroker {
  const request = async <T>(name: string, answer: () => T): Promise<T> => {
    stub.asked.push(`${name} ${nodeId}`);
    await stub.trouble?.(name, nodeId);
    return answer();
  };
  const { log } = stub;
  return {
    listOffsets: ({ isolationLevel, topics }) =>
      request("listOffsets", () => {
        const timestamp = topics[0]?.partitions[0]?.timestamp;
        const end = isolationLevel === 1 ? log.stable : log.latest;
        return { responses: [{ topic: "t", partitions: [{ partition: 0, offset: String(timestamp === "-2" ? log.earliest : end) }] }] };
      }),
    fetch: (wanted) => request("fetch", () => ({ responses: [{ topicName: "t", partitions: [fetchFrom(stub, nodeId, wanted)] }] })),
    offsetFetch: () => request("offsetFetch", () => ({ responses: [{ topic: "t", partitions: [{ partition: 0, offset: "-1" }] }] })),
    offsetCommit: ({ topics }) => request("offsetCommit", () => stub.committed.push(topics[0]?.partitions[0]?.offset ?? "")),
    describeGroups: () => request("describeGroups", () => ({ groups: [{ state: "Dead", protocolType: "", members: [] }] })),
    deleteGroups: () => request("deleteGroups", () => ({ results: [{}] })),
    joinGroup: () => request("joinGroup", () => ({ generationId: 1, memberId: "m" })),
    syncGroup: () => request("syncGroup", () => undefined),
    heartbeat: () => request("heartbeat", () => undefined),
    leaveGroup: () => request("leaveGroup", () => undefined),
  };
}

function fetchFrom({ log, leader }: StubBrokers, nodeId: number, wanted: FetchRequest) {
  if (nodeId !== leader) throw answerOf("NOT_LEADER_FOR_PARTITION");
  const from = Number(wanted.topics[0]?.partitions[0]?.fetchOffset);
  if (from < log.earliest || from > log.latest) throw answerOf("OFFSET_OUT_OF_RANGE");
  const batch = log.batches.find(({ last }) => last >= from);
  const records = new FlatRecords();
  for (const offset of batch?.offsets ?? []) {
    records.addMarker({ topic: "t", partition: 0, offset, timestampMs: 0, key: null, value: null, headers: [] });
  }
  const messages = batch === undefined || batch.first >= log.stable ? [] : [new FlatMessages(records, batch.last)];
  return { partition: 0, highWatermark: String(log.latest), lastStableOffset: String(log.stable), messages };
}
