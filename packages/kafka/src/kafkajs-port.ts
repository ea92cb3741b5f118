import { FreshetError } from "@freshet/protocol";
import type { Kafka } from "kafkajs";
import { createConsumerLife } from "./consumer-life.js";
import { type ConsumptionTiming, createConsumptionState, defaultTiming, tellTrouble } from "./consumption-state.js";
import { createTopicAdmin, type TopicAdmin } from "./kafkajs-admin.js";
import { createLogProducer } from "./kafkajs-producer.js";
import { createKafkajsReading, type ReadingTiming } from "./kafkajs-reading.js";
import { adminRetry, consumerRetry, consumerSettings, createClient, type KafkaClientOptions, retry } from "./kafkajs-settings.js";
import { installPatches } from "./patches.js";
import type { ConsumeOptions, Consumption, KafkaPort } from "./port.js";
import { supervise } from "./supervisor.js";

export interface KafkajsPortOptions extends KafkaClientOptions {
  readonly clock: { nowMs(): number };
  /** Deadlines and intervals that differ from the defaults. */
  readonly timing?: Partial<ConsumptionTiming>;
  /** The same for reading ranges. */
  readonly readingTiming?: Partial<ReadingTiming>;
  /** Bytes one fetch brings of one partition, compressed as they lie; 256 KiB when absent. */
  readonly maxBytesPerPartition?: number;
}

/**
 * The broker over kafkajs 2.2.4, patched (`patches.ts`). Connects at the first call that needs it.
 *
 * @throws FreshetError FR1005 when another version of kafkajs is installed.
 */
export function createKafkajsPort(options: KafkajsPortOptions): KafkaPort {
  installPatches();
  const kafka = createClient(options, consumerRetry);
  const producer = createLogProducer(createClient(options, retry));
  const admin = createTopicAdmin(createClient(options, adminRetry));
  const { close: closeReading, ...reading } = createKafkajsReading(options);
  const consumptions = new Set<Consumption>();
  return {
    async consume(wanted) {
      const consumption = await startConsuming(wanted, { kafka, admin, options });
      consumptions.add(consumption);
      return consumption;
    },
    produce: (records) => producer.produce(records),
    describeTopics: (topics) => admin.describe(topics),
    createTopics: (topics) => admin.create(topics),
    ...reading,
    async close() {
      await Promise.all([...consumptions].map((consumption) => consumption.stop()));
      await Promise.all([producer.close(), admin.close(), closeReading()]);
    },
  };
}

interface ConsumeContext {
  readonly kafka: Kafka;
  readonly admin: TopicAdmin;
  readonly options: KafkajsPortOptions;
}

/** A topic that is missing now is refused; one that goes missing later, and brokers that are down, are waited for. */
async function startConsuming(wanted: ConsumeOptions, context: ConsumeContext): Promise<Consumption> {
  const { kafka, admin, options } = context;
  const state = createConsumptionState(wanted, { ...defaultTiming, ...options.timing }, options.clock);
  try {
    await requireTopics(admin, wanted.topics);
  } catch (error) {
    const trouble = tellTrouble(state, error, "looking for the topics");
    if (trouble.code === "FR3002") throw trouble;
  }
  return supervise(async () => {
    await requireTopics(admin, wanted.topics);
    const bytes = options.maxBytesPerPartition === undefined ? {} : { maxBytesPerPartition: options.maxBytesPerPartition };
    return createConsumerLife(kafka.consumer({ ...consumerSettings, ...bytes, groupId: wanted.group }), state);
  }, state);
}

async function requireTopics(admin: TopicAdmin, topics: readonly string[]): Promise<void> {
  const found = await admin.partitionsOf(topics);
  const missing = topics.filter((topic) => !found.has(topic));
  if (missing.length === 0) return;
  const problem = `these topics do not exist, or may not be described: ${missing.join(", ")}`;
  throw new FreshetError("FR3002", "halt", problem, "Create them, or correct their names in the rules file.");
}
