import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.js";
import { ensureJava } from "./java.js";
import { ensureKafkaJars } from "./kafka-jars.js";
import { type OwnServer, startOwnServer } from "./own-server.js";
import { lastLines, runProgram } from "./run-program.js";

export interface OwnKafka extends OwnServer {
  /** `127.0.0.1:port` */
  readonly broker: string;
}

export interface KafkaOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default: 256. */
  readonly heapMb?: number;
  /** Settings of the broker in place of the defaults, e.g. `advertised.listeners` of a proxy in front. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Default: the one that all tests run on. */
  readonly version?: string;
  /** A node of several; alone by default. */
  readonly place?: ClusterPlace;
  /** Users that the broker knows from its first start. */
  readonly scramUsers?: readonly ScramUser[];
}

export interface ScramUser {
  readonly name: string;
  readonly password: string;
  readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-512";
}

/** Where a node stands in a cluster: all nodes know each other's controllers before they start. */
export interface ClusterPlace {
  readonly nodeId: number;
  readonly clusterId: string;
  /** Controllers by node, from 1. */
  readonly controllerPorts: readonly number[];
}

const FORMAT_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 90_000;

/** Starts an Apache Kafka of one's own: one node unless told otherwise, no topic made by itself, data in a folder that goes with it. */
export async function startKafka(options: KafkaOptions = {}): Promise<OwnKafka> {
  const java = await ensureJava(() => undefined);
  const jars = await ensureKafkaJars(() => undefined, options.version);
  const port = options.port ?? (await freePort());
  const place = options.place ?? { nodeId: 1, clusterId: newClusterId(), controllerPorts: [await freePort()] };
  const run = (...flags: string[]) => [java, ...flags, "-XX:+UseSerialGC", "-cp", join(jars, "*")] as const;
  const server = await startOwnServer({
    name: "kafka",
    port,
    command: async (folder) => {
      const file = join(folder, "server.properties");
      if (!existsSync(file)) {
        await writeProperties(file, { ...defaults(folder, port, place), ...options.properties });
        await writeFile(join(folder, LOG4J_FILE), LOG4J_PROPERTIES);
        const tool = [...run("-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool", "format", "-t", place.clusterId, "-c", file] as const;
        await format([...tool, ...(options.scramUsers ?? []).flatMap(addScram)]);
      }
      return [...run(`-Xmx${options.heapMb ?? 256}m`, "-Dlog4j2.level=INFO", log4j(folder)), "kafka.Kafka", file];
    },
    ready: /Kafka Server started/,
    startTimeoutMs: START_TIMEOUT_MS,
  });
  return Object.assign(server, { broker: `127.0.0.1:${port}` });
}

/** Kafka 3 writes its log by log4j 1, which says nothing unless a file tells it to; Kafka 4 never looks. */
const LOG4J_FILE = "log4j.properties";
const LOG4J_PROPERTIES = `log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.SimpleLayout
`;

function log4j(folder: string): string {
  return `-Dlog4j.configuration=file:${join(folder, LOG4J_FILE)}`;
}

function defaults(folder: string, port: number, { nodeId, controllerPorts }: ClusterPlace): Record<string, string> {
  const controllerPort = controllerPorts[nodeId - 1];
  return {
    "process.roles": "broker,controller",
    "node.id": String(nodeId),
    "controller.quorum.voters": controllerPorts.map((own, at) => `${at + 1}@127.0.0.1:${own}`).join(),
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "log.dirs": join(folder, "data"),
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "5",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": String(16 * 1024 * 1024), // of the heap, which is small
  };
}

async function writeProperties(file: string, properties: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(""));
}

async function format(command: readonly [string, ...string[]]): Promise<void> {
  const { code, output } = await runProgram(command, { timeoutMs: FORMAT_TIMEOUT_MS });
  if (code !== 0) throw new Error(`Kafka could not format its data folder:\n${lastLines(output, 5)}`);
}

function addScram({ name, password, mechanism }: ScramUser): string[] {
  return ["--add-scram", `${mechanism}=[name=${name},password=${password}]`];
}

/** 16 random bytes as Kafka writes them; its command line would take a leading dash for an option. */
export function newClusterId(): string {
  return `F${randomBytes(16).toString("base64url").slice(1, 21)}A`;
}
