import { createKafkajsPort } from "@freshet/kafka";
import { GenericContainer, type StartedTestContainer, Wait } from "testcontainers";
import { findProgram } from "../servers/find-program.js";
import { startKeeper } from "../servers/keeper.js";
import { until } from "../until.js";

/** A container that is ready, and gone when this process is, however that ends (where there is a `docker` command). */
export interface ReadyContainer {
  /** `host:port`, reachable from this machine. */
  readonly address: string;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 90_000;
const LOG_TIMEOUT_MS = 2000;
const START_SCRIPT = "/tmp/testcontainers_start.sh";

// A broker tells its clients the address it advertises, and the mapped port is known only once the container runs: so it
// waits for a script with that port, then runs the broker as its own image would.
const WAIT_THEN_RUN = `echo "waiting for ${START_SCRIPT}"
until [ -s ${START_SCRIPT} ]; do sleep 0.1; done
. ${START_SCRIPT}
if [ -x /etc/kafka/docker/run ]; then exec /etc/kafka/docker/run; fi
exec sh /opt/kafka/start-kafka`;

// KAFKA_SOME_NAME is the broker's some.name, in Apache's image and in the local one.
const KAFKA_ENVIRONMENT = {
  KAFKA_HEAP_OPTS: "-Xmx512m",
  KAFKA_NODE_ID: "1",
  KAFKA_PROCESS_ROLES: "broker,controller",
  KAFKA_CONTROLLER_QUORUM_VOTERS: "1@127.0.0.1:9093",
  KAFKA_CONTROLLER_LISTENER_NAMES: "CONTROLLER",
  KAFKA_INTER_BROKER_LISTENER_NAME: "BROKER",
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: "CONTROLLER:PLAINTEXT,BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
  KAFKA_LISTENERS: "PLAINTEXT://:9092,BROKER://127.0.0.1:9094,CONTROLLER://127.0.0.1:9093",
  KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "1",
  KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: "5",
  KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: "1",
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "1",
  KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "0",
};

/** @throws Error when the container does not get ready; nothing is left behind then. */
export async function startRedisContainer(image: string): Promise<ReadyContainer> {
  const container = await new GenericContainer(image)
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  return { address: addressOf(container, 6379), close: closer(container) };
}

/** @throws Error when the container does not get ready; nothing is left behind then. */
export async function startKafkaContainer(image: string): Promise<ReadyContainer> {
  const container = await new GenericContainer(image)
    .withExposedPorts(9092)
    .withEnvironment(KAFKA_ENVIRONMENT)
    .withEntrypoint(["sh", "-c", WAIT_THEN_RUN])
    .withWaitStrategy(Wait.forLogMessage(`waiting for ${START_SCRIPT}`))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  const close = closer(container);
  try {
    const address = addressOf(container, 9092);
    const content = `export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://${address},BROKER://127.0.0.1:9094\n`;
    await container.copyContentToContainer([{ target: START_SCRIPT, content, mode: 0o644 }]);
    await brokerAnswers(address);
    return { address, close };
  } catch (error) {
    const tail = await logTail(container).catch(() => "");
    await close();
    throw new Error(`${image} did not become a broker: ${error instanceof Error ? error.message : error}\n${tail}`);
  }
}

function addressOf(container: StartedTestContainer, port: number): string {
  return `${container.getHost()}:${container.getMappedPort(port)}`;
}

/** A round trip of the protocol: an open port says little, for Docker's own proxy opens it. */
async function brokerAnswers(address: string): Promise<void> {
  const port = createKafkajsPort({ brokers: [address], clientId: "freshet-testkit", clock: { nowMs: () => Date.now() } });
  const hasAnswered = () =>
    port.describeTopics(["freshet-none"]).then(
      () => true,
      () => false,
    );
  try {
    await until(hasAnswered, { timeoutMs: START_TIMEOUT_MS, what: `the broker at ${address} answers` });
  } finally {
    await port.close();
  }
}

async function logTail(container: StartedTestContainer): Promise<string> {
  const logs = await container.logs();
  const timer = setTimeout(() => logs.destroy(), LOG_TIMEOUT_MS);
  let tail = "";
  try {
    for await (const chunk of logs) tail = `${tail}${chunk}`.slice(-2000);
  } catch {
    // destroyed: what was read is enough
  } finally {
    clearTimeout(timer);
  }
  return tail;
}

function closer(container: StartedTestContainer): () => Promise<void> {
  const docker = findProgram("docker");
  const remove = 'docker rm -f -v "$1" >/dev/null 2>&1 || true';
  const keeper = docker === null ? null : startKeeper(["sh", "-c", remove, "sh", container.getId()]);
  let closing: Promise<void> | null = null;
  const close = async () => {
    await container.stop({ timeout: 0, remove: true, removeVolumes: true });
    await keeper?.close();
  };
  return () => {
    closing ??= close();
    return closing;
  };
}
