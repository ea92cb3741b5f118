import { FreshetError } from "@freshet/protocol";
import type { Kafka } from "kafkajs";
import { checkBroker } from "./broker-check.js";
import { checkCodecs } from "./codec-check.js";
import { createConsumerLife } from "./consumer-life.js";
import { type ConsumptionTiming, createConsumptionState, defaultTiming, tellHole, tellTrouble } from "./consumption-state.js";
import { createGroupAssigner } from "./group-assigner.js";
import { createTopicAdmin, type TopicAdmin } from "./kafkajs-admin.js";
import { createClusterInspection } from "./kafkajs-inspection.js";
import { createLogProducer } from "./kafkajs-producer.js";
import { createKafkajsReading } from "./kafkajs-reading.js";
import {
  adminRetry,
  clientConfig,
  consumerRetry,
  consumerSettings,
  createClient,
  type KafkaClientOptions,
  retry,
} from "./kafkajs-settings.js";
import { watchOffsetResets } from "./offset-resets.js";
import { installPatches } from "./patches.js";
import type { ConsumeOptions, Consumption, KafkaPort, LogReading } from "./port.js";
import type { ReadingTiming } from "./range-reading.js";
import { supervise } from "./supervisor.js";

export interface KafkajsPortOptions extends KafkaClientOptions {
  readonly clock: { nowMs(): number };
  /** Deadlines and intervals that differ from the defaults. */
  readonly timing?: Partial<ConsumptionTiming>;
  /** The same for reading ranges. */
  readonly readingTiming?: Partial<ReadingTiming>;
  /** Bytes one fetch brings of one partition, compressed as they lie; 512 KiB when absent, 256 for reading ranges. */
  readonly maxBytesPerPartition?: number;
}

/**
 * The broker over kafkajs 2.2.4, patched (`patches.ts`). Connects at the first call that needs it, after a look at whether this
 * machine's codecs work and whether the broker and kafkajs understand each other: each call fails with FR3010 or FR3007 else.
 *
 * @throws FreshetError FR1005 when another version of kafkajs is installed.
 */
export function createKafkajsPort(options: KafkajsPortOptions): KafkaPort {
  installPatches();
  const kafka = createClient(options, consumerRetry);
  const producer = createLogProducer(createClient(options, retry));
  const admin = createTopicAdmin(createClient(options, adminRetry));
  const inspection = createClusterInspection(createClient(options, adminRetry));
  const consumptions = new Set<Consumption>();
  let isClosed = false;
  const checked = once(() => Promise.all([checkCodecs(), checkBroker(clientConfig(options, adminRetry))]));
  const { close: closeReading, ...reading } = createKafkajsReading({ ...options, check: checked });
  return {
    async consume(wanted) {
      const consumption = await startConsuming(wanted, { kafka, admin, reading, checked, options });
      consumptions.add(consumption);
      if (isClosed) await consumption.stop(); // while brokers were asked for the topics: nobody else would end it
      return consumption;
    },
    produce: (records) => checked().then(() => producer.produce(records)),
    describeTopics: (topics) => checked().then(() => admin.describe(topics)),
    inspect: (topics, group) => checked().then(() => inspection.inspect(topics, group)),
    createTopics: (topics) => checked().then(() => admin.create(topics)),
    ...reading,
    async close() {
      isClosed = true;
      await Promise.all([...consumptions].map((consumption) => consumption.stop()));
      await Promise.all([producer.close(), admin.close(), inspection.close(), closeReading()]);
    },
  };
}

/** Done when it has succeeded once; after a failure the next call tries again. */
function once(work: () => Promise<unknown>): () => Promise<void> {
  let pending: Promise<void> | null = null;
  return () => {
    pending ??= work().then(
      () => undefined,
      (error: unknown) => {
        pending = null;
        throw error;
      },
    );
    return pending;
  };
}

interface ConsumeContext {
  readonly kafka: Kafka;
  readonly admin: TopicAdmin;
  readonly reading: LogReading;
  readonly checked: () => Promise<void>;
  readonly options: KafkajsPortOptions;
}

/** What cannot be right is refused now; what goes wrong later, and brokers that are down, are waited for. */
async function startConsuming(wanted: ConsumeOptions, context: ConsumeContext): Promise<Consumption> {
  const { kafka, admin, reading, checked, options } = context;
  const state = createConsumptionState(wanted, { ...defaultTiming, ...options.timing }, options.clock);
  const look = async (): Promise<void> => {
    await checked();
    await requireTopics(admin, wanted.topics);
  };
  try {
    await look();
  } catch (error) {
    const trouble = tellTrouble(state, error, "looking for the topics");
    if (REFUSED.has(trouble.code)) throw trouble;
  }
  const bytes = options.maxBytesPerPartition === undefined ? {} : { maxBytesPerPartition: options.maxBytesPerPartition };
  const assigner = createGroupAssigner((cluster) => watchOffsetResets(cluster, (reset) => tellHole(state, reset)));
  const settings = { ...consumerSettings, ...bytes, groupId: wanted.group, partitionAssigners: [assigner] };
  const beget = () => look().then(() => createConsumerLife(kafka.consumer(settings), state));
  return supervise(beget, state, reading);
}

/** A missing topic, a broker of another time, a codec that does not work: nothing that passes. */
const REFUSED: ReadonlySet<string> = new Set(["FR3002", "FR3007", "FR3010"]);

async function requireTopics(admin: TopicAdmin, topics: readonly string[]): Promise<void> {
  const found = await admin.partitionsOf(topics);
  const missing = topics.filter((topic) => !found.has(topic));
  if (missing.length === 0) return;
  const problem = `these topics do not exist, or may not be described: ${missing.join(", ")}`;
  throw new FreshetError("FR3002", "halt", problem, "Create them, or correct their names in the rules file.");
}
