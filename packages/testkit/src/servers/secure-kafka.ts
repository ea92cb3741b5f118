import { join } from "node:path";
import type { Certificates } from "./certificates.js";
import { freePort } from "./free-port.js";
import { ensureJava } from "./java.js";
import { type KafkaOptions, newClusterId, type OwnKafka, type ScramUser, startKafka } from "./kafka.js";
import { ensureKafkaJars } from "./kafka-jars.js";
import { lastLines, runProgram } from "./run-program.js";

export interface SecureKafkaOptions extends Omit<KafkaOptions, "port" | "scramUsers"> {
  readonly certificates: Certificates;
  readonly users: readonly ScramUser[];
  /** Whether clients must show a certificate of the same authority. */
  readonly needsClientCertificate?: boolean;
  /** Whether nobody may do anything that no access list allows, except whoever comes by the plain listener. */
  readonly hasAccessLists?: boolean;
}

/** A broker with two listeners: the plain one of `OwnKafka.broker`, for the test itself, and one with TLS and SCRAM. */
export interface SecureKafka extends OwnKafka {
  /** `127.0.0.1:port` of the listener with TLS. */
  readonly secureBroker: string;
  /** Gives a user another password, as an administrator does with Kafka's own tool. */
  alterScram(user: ScramUser): Promise<void>;
}

const ALTER_TIMEOUT_MS = 60_000;

const AUTHORIZER = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:ANONYMOUS",
};

/** Starts a broker of one's own that takes TLS with SCRAM at its second port. */
export async function startSecureKafka(options: SecureKafkaOptions): Promise<SecureKafka> {
  const { certificates, users, needsClientCertificate = false, hasAccessLists = false, properties = {}, ...rest } = options;
  const [port, securePort, controllerPort] = [await freePort(), await freePort(), await freePort()];
  const place = { nodeId: 1, clusterId: newClusterId(), controllerPorts: [controllerPort] };
  const plain = `PLAINTEXT://127.0.0.1:${port}`;
  const secure = `SECURE://127.0.0.1:${securePort}`;
  const listener = "listener.name.secure";
  const kafka = await startKafka({
    ...rest,
    port,
    place,
    scramUsers: users,
    properties: {
      listeners: `${plain},${secure},CONTROLLER://127.0.0.1:${controllerPort}`,
      "advertised.listeners": `${plain},${secure}`,
      "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL",
      "inter.broker.listener.name": "PLAINTEXT",
      "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
      ...Object.fromEntries(["256", "512"].map((bits) => [`${listener}.scram-sha-${bits}.sasl.jaas.config`, LOGIN])),
      [`${listener}.ssl.keystore.type`]: "PEM",
      [`${listener}.ssl.keystore.location`]: certificates.serverPair,
      [`${listener}.ssl.truststore.type`]: "PEM",
      [`${listener}.ssl.truststore.location`]: certificates.ca,
      [`${listener}.ssl.client.auth`]: needsClientCertificate ? "required" : "none",
      ...(hasAccessLists ? AUTHORIZER : {}),
      ...properties,
    },
  });
  const alterScram = (user: ScramUser): Promise<void> => alter(kafka.broker, user, options.version);
  return Object.assign(kafka, { secureBroker: `127.0.0.1:${securePort}`, alterScram });
}

const LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;";

async function alter(broker: string, { name, password, mechanism }: ScramUser, version: string | undefined): Promise<void> {
  const [java, jars] = [await ensureJava(() => undefined), await ensureKafkaJars(() => undefined, version)];
  const tool = [
    java,
    "-XX:TieredStopAtLevel=1",
    "-cp",
    join(jars, "*"),
    "kafka.admin.ConfigCommand",
    "--bootstrap-server",
    broker,
  ] as const;
  const change = ["--alter", "--add-config", `${mechanism}=[password=${password}]`, "--entity-type", "users", "--entity-name", name];
  const { code, output } = await runProgram([...tool, ...change], { timeoutMs: ALTER_TIMEOUT_MS });
  if (code !== 0) throw new Error(`Kafka did not change the password:\n${lastLines(output, 5)}`);
}
