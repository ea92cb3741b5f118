import type { KafkaConfig } from "kafkajs";
import kafkajs from "kafkajs";
import { type BrokerApis, refuseStrangers } from "./broker-versions.js";
import { fromKafkajs } from "./kafka-errors.js";
import { kafkajsInside } from "./kafkajs-inside.js";
import { settlesWithin, within } from "./within.js";

const CHECK_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 3000;

/**
 * Asks a broker which versions of each request it takes, and refuses one that Freshet could not talk to. kafkajs never looks at a
 * broker's oldest version: it would send requests that are answered by closing the connection, for ever.
 *
 * @throws FreshetError FR3007, or FR3001 when no broker can be reached.
 */
export async function checkBroker(config: KafkaConfig): Promise<void> {
  const cluster: Cluster = new (kafkajsInside("src/cluster"))({
    ...config,
    logger: new kafkajs.Kafka(config).logger(),
    offsets: new Map(),
  });
  try {
    await within(CHECK_TIMEOUT_MS, cluster.connect(), "asking a broker for its versions");
  } catch (error) {
    throw fromKafkajs(error, "asking a broker for its versions");
  } finally {
    await settlesWithin(CLOSE_TIMEOUT_MS, cluster.disconnect());
  }
  const { versions } = cluster.brokerPool.seedBroker;
  if (versions !== null) refuseStrangers(versions, cluster.brokerPool.seedBroker.brokerAddress);
}

interface Cluster {
  readonly brokerPool: { readonly seedBroker: { readonly versions: BrokerApis | null; readonly brokerAddress: string } };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}
