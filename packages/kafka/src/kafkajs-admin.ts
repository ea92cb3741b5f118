import { setTimeout as sleep } from "node:timers/promises";
import { FreshetError } from "@freshet/protocol";
import kafkajs, { type Admin, type ITopicMetadata, type Kafka } from "kafkajs";
import { fromKafkajs, isKafkajsError, protocolTypeOf } from "./kafka-errors.js";
import { adminRetry } from "./kafkajs-settings.js";
import type { TopicDescription, TopicSpec } from "./port.js";
import { settlesWithin, within } from "./within.js";

/** The little administration Freshet needs. Every call has a deadline: some of kafkajs' never settle. */
export interface TopicAdmin {
  /** Partitions of each of these topics that exists. */
  partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  describe(topics: readonly string[]): Promise<readonly TopicDescription[]>;
  create(topics: readonly TopicSpec[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

const CALL_TIMEOUT_MS = 15_000;
const LOOK_EVERY_MS = 100;
const LOOKS_MAX = 100;
const CLOSE_TIMEOUT_MS = 3000;
const MAX_MESSAGE_BYTES = "max.message.bytes";

export function createTopicAdmin(kafka: Kafka): TopicAdmin {
  let connecting: Promise<Admin> | null = null;

  const drop = (): void => {
    const last = connecting;
    connecting = null;
    last?.then((admin) => admin.disconnect()).catch(() => undefined);
  };

  const call = async <T>(doing: string, work: (admin: Admin) => Promise<T>): Promise<T> => {
    connecting ??= connect(kafka);
    try {
      return await within(CALL_TIMEOUT_MS, connecting.then(work), doing);
    } catch (error) {
      // The broker's answers leave the client usable; after anything else the next call takes a new one.
      if (protocolTypeOf(error) === null) drop();
      if (isKafkajsError(error) || error instanceof FreshetError) throw fromKafkajs(error, doing);
      // Lost connections come out of kafkajs' admin as errors of its own making.
      throw new FreshetError("FR3001", "wait", `Kafka did not answer while ${doing}`, "Check that the brokers are reachable.", error);
    }
  };

  const partitionsOf = async (topics: readonly string[]): Promise<ReadonlyMap<string, number>> => {
    const found = new Map<string, number>();
    for (const topic of new Set(topics)) {
      const metadata = await call(`describing topic ${topic}`, (admin) => metadataOf(admin, topic));
      if (metadata !== null) found.set(topic, metadata.partitions.length);
    }
    return found;
  };

  return {
    partitionsOf,
    async describe(topics) {
      const found = await partitionsOf(topics);
      if (found.size === 0) return [];
      const limits = await call("reading topic settings", (admin) => readLimits(admin, [...found.keys()]));
      return [...found].map(([topic, partitions]) => ({ topic, partitions, maxMessageBytes: limits.get(topic) ?? 0 }));
    },
    async create(topics) {
      const found = await partitionsOf(topics.map((spec) => spec.topic));
      const created: string[] = [];
      for (const spec of topics) {
        if (found.has(spec.topic) || created.includes(spec.topic)) continue;
        if (await call(`creating topic ${spec.topic}`, (admin) => createTopic(admin, spec))) created.push(spec.topic);
      }
      return created;
    },
    async close() {
      const last = connecting;
      connecting = null;
      if (last === null) return;
      await settlesWithin(
        CLOSE_TIMEOUT_MS,
        last.then((admin) => admin.disconnect()),
      );
    },
  };
}

async function connect(kafka: Kafka): Promise<Admin> {
  const admin = kafka.admin({ retry: adminRetry });
  await admin.connect();
  return admin;
}

/** One topic a call: with several, one that is missing or without a leader fails them all. */
async function metadataOf(admin: Admin, topic: string): Promise<ITopicMetadata | null> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics.find((entry) => entry.name === topic) ?? null;
  } catch (error) {
    if (protocolTypeOf(error) === "UNKNOWN_TOPIC_OR_PARTITION") return null;
    throw error;
  }
}

async function readLimits(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { TOPIC } = kafkajs.ConfigResourceTypes;
  const resources = topics.map((name) => ({ type: TOPIC, name, configNames: [MAX_MESSAGE_BYTES] }));
  const answer = await admin.describeConfigs({ resources, includeSynonyms: false });
  const limits = new Map<string, number>();
  for (const resource of answer.resources) {
    const entry = resource.configEntries.find(({ configName }) => configName === MAX_MESSAGE_BYTES);
    if (entry !== undefined) limits.set(resource.resourceName, Number(entry.configValue));
  }
  return limits;
}

/**
 * False when somebody else was faster. A broker that is asked right after the topic was made may not have heard of it yet,
 * which kafkajs' wait for leaders takes for a missing topic: then it is waited for here.
 */
async function createTopic(admin: Admin, spec: TopicSpec): Promise<boolean> {
  const configEntries = Object.entries(spec.config).map(([name, value]) => ({ name, value }));
  const { topic, partitions: numPartitions, replicationFactor } = spec;
  try {
    return await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor, configEntries }], waitForLeaders: true });
  } catch (error) {
    if (protocolTypeOf(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
    for (let look = 1; look <= LOOKS_MAX && !(await hasLeaders(admin, spec)); look++) await sleep(LOOK_EVERY_MS);
    return true;
  }
}

async function hasLeaders(admin: Admin, { topic, partitions }: TopicSpec): Promise<boolean> {
  const found = await metadataOf(admin, topic);
  return found !== null && found.partitions.length >= partitions && found.partitions.every(({ leader }) => leader >= 0);
}
