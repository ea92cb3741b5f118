import { FreshetError } from "@freshet/protocol";
import type { Kafka } from "kafkajs";
import type { FlatMessages } from "./fetch-decoder.js";
import type { TopicPartition } from "./port.js";

/*
 * What kafkajs has inside and shows to none of its own clients: single requests to single brokers. Its admin cannot tell the high
 * watermark from the last stable offset, and nothing of it reads a partition from an offset without a group of consumers.
 * `installPatches` refuses every version but the one these shapes were read from.
 */

/** One request each; what a broker answers with an error code is thrown. */
export interface KafkajsBroker {
  listOffsets(request: {
    readonly isolationLevel: IsolationLevel;
    readonly topics: readonly InTopic<{ readonly partition: number; readonly timestamp: string }>[];
  }): Promise<{ readonly responses: readonly InTopic<{ readonly partition: number; readonly offset: string }>[] }>;
  fetch(request: FetchRequest): Promise<{ readonly responses: readonly FetchedTopic[] }>;
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: readonly InTopic<{ readonly partition: number }>[];
  }): Promise<{ readonly responses: readonly InTopic<{ readonly partition: number; readonly offset: string }>[] }>;
  offsetCommit(
    request: GroupMember & { readonly topics: readonly InTopic<{ readonly partition: number; readonly offset: string }>[] },
  ): Promise<unknown>;
  describeGroups(request: { readonly groupIds: readonly string[] }): Promise<{ readonly groups: readonly DescribedGroup[] }>;
  deleteGroups(groups: readonly string[]): Promise<{ readonly results: readonly { readonly error?: Error }[] }>;
  joinGroup(request: {
    readonly groupId: string;
    readonly memberId: string;
    readonly sessionTimeout: number;
    readonly rebalanceTimeout: number;
    readonly protocolType: string;
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  }): Promise<{ readonly generationId: number; readonly memberId: string }>;
  syncGroup(request: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<unknown>;
  heartbeat(member: GroupMember): Promise<unknown>;
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

export interface KafkajsCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Fails when one of the topics is missing or has no leader; `null` when no broker answered. */
  metadata(wanted: { readonly topics: readonly string[] }): Promise<{ readonly topicMetadata: readonly TopicMetadata[] } | null>;
  findBroker(node: { readonly nodeId: number }): Promise<KafkajsBroker>;
  findGroupCoordinator(group: { readonly groupId: string }): Promise<KafkajsBroker>;
}

export const readUncommitted = 0;
export const readCommitted = 1;
export type IsolationLevel = typeof readUncommitted | typeof readCommitted;

export interface InTopic<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

export interface FetchRequest {
  readonly isolationLevel: IsolationLevel;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly topics: readonly InTopic<{ readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }>[];
}

/** As `decodeFetchResponse` gives it: one carrier of records, or none. */
export interface FetchedTopic {
  readonly topicName: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly highWatermark: string;
    readonly lastStableOffset: string;
    readonly messages: readonly FlatMessages[];
  }[];
}

export interface GroupMember {
  readonly groupId: string;
  readonly groupGenerationId: number;
  readonly memberId: string;
}

export interface DescribedGroup {
  readonly state: string;
  readonly protocolType: string;
  readonly members: readonly unknown[];
}

interface TopicMetadata {
  readonly topic: string;
  readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
}

const CREATE_CLUSTER = "private:Kafka:createCluster";
const METADATA_MAX_AGE_MS = 30_000;

/**
 * A cluster as kafkajs' own clients have one, not connected.
 *
 * @throws FreshetError FR9001 when kafkajs is not the one that is known.
 */
export function openCluster(kafka: Kafka): KafkajsCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE_CLUSTER);
  const create: unknown = symbol === undefined ? undefined : Reflect.get(kafka, symbol);
  if (typeof create !== "function") {
    const problem = "kafkajs is not the one Freshet knows: it makes no clusters";
    throw new FreshetError("FR9001", "halt", problem, "Report it: kafkajs was changed, or loaded twice.");
  }
  return create({ metadataMaxAge: METADATA_MAX_AGE_MS, allowAutoTopicCreation: false });
}

/** Partitions by topic, as requests name them. */
export function byTopic<T extends TopicPartition, P>(list: readonly T[], make: (entry: T) => P): InTopic<P>[] {
  const topics = new Map<string, P[]>();
  for (const entry of list) {
    const partitions = topics.get(entry.topic) ?? [];
    partitions.push(make(entry));
    topics.set(entry.topic, partitions);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

/** Back from requests' shape to a list. */
export function flat<P extends { readonly partition: number }>(topics: readonly InTopic<P>[]): (P & TopicPartition)[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((entry) => ({ ...entry, topic })));
}
