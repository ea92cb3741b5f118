import { freePort } from "./free-port.js";
import { newClusterId, type OwnKafka, startKafka } from "./kafka.js";

/** Some nodes of Apache Kafka, each broker and controller, each to be stopped, killed and paused by itself. */
export interface OwnKafkaCluster {
  /** `host:port` of all nodes, with commas between. */
  readonly brokers: string;
  /** In the order of their ids, from 1. */
  readonly nodes: readonly OwnKafka[];
  /** Ends them and removes their data. Safe to call twice. */
  close(): Promise<void>;
}

export interface KafkaClusterOptions {
  /** Default: 3. */
  readonly nodes?: number;
  /** Of each node. Default: 256. */
  readonly heapMb?: number;
  readonly properties?: Readonly<Record<string, string>>;
  readonly version?: string;
}

/** Three copies of everything, two of which must have a record: one node may be away, and nothing acknowledged is lost. */
const REPLICATED = {
  "default.replication.factor": "3",
  "min.insync.replicas": "2",
  "offsets.topic.replication.factor": "3",
  "transaction.state.log.replication.factor": "3",
  "transaction.state.log.min.isr": "2",
};

/** Starts a KRaft cluster of one's own on this machine; about 320 MB a node. */
export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<OwnKafkaCluster> {
  const { nodes: count = 3, properties = {}, ...rest } = options;
  const clusterId = newClusterId();
  const controllerPorts = await Promise.all(Array.from({ length: count }, freePort));
  const replicated = count < 3 ? {} : REPLICATED;
  const start = (_: unknown, at: number) =>
    startKafka({ ...rest, properties: { ...replicated, ...properties }, place: { nodeId: at + 1, clusterId, controllerPorts } });
  const started = await Promise.allSettled(Array.from({ length: count }, start)); // none is ready before most are there
  const nodes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const close = async () => void (await Promise.all(nodes.map((node) => node.close())));
  const failed = started.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return { brokers: nodes.map(({ broker }) => broker).join(), nodes, close };
}
