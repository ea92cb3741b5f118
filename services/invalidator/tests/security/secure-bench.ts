import { readFile } from "node:fs/promises";
import {
  type Certificates,
  freshPrefix,
  makeCertificates,
  type SecureKafka,
  startSecureKafka,
  testRedisUrl,
  until,
} from "@freshet/testkit";
import kafkajs, { type Admin } from "kafkajs";
import { openScene, type Scene } from "../scene.js";
import type { ServiceProcess } from "../service-process.js";
import { rightsOf } from "./access-lists.js";

/** A broker that wants TLS, a client certificate and a login, and allows its user what the repository's list says. */
export interface SecureBench {
  readonly certificates: Certificates;
  readonly kafka: SecureKafka;
  readonly admin: Admin;
  readonly scene: Scene;
  /** The service's, complete. */
  readonly env: Readonly<Record<string, string>>;
  /** For clients of the test's own. */
  clientTls(): Promise<{ readonly ca: string; readonly cert: string; readonly key: string }>;
  close(): Promise<void>;
}

export const USER = "freshet-invalidator";
export const PASSWORD = "correct-horse-battery";

export const rules = (topic: string, keyPrefix: string): string => `freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: catalog.product }]
families: { page: { key: "${keyPrefix}page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, bust: [{ family: page, with: { id: "subject" } }] }]
`;

export interface SecureBenchOptions {
  /** Settings of the broker. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly redisUrl?: string;
}

export async function openSecureBench({ properties = {}, redisUrl = testRedisUrl() }: SecureBenchOptions = {}): Promise<SecureBench> {
  const certificates = await makeCertificates();
  const users = (["SCRAM-SHA-256", "SCRAM-SHA-512"] as const).map((mechanism) => ({ name: USER, password: PASSWORD, mechanism }));
  const kafka = await startSecureKafka({ certificates, users, needsClientCertificate: true, hasAccessLists: true, properties });
  const name = freshPrefix("secure").replaceAll(":", "-");
  const scene = await openScene({ name, broker: kafka.broker, redisUrl, partitions: 1, rules });
  const admin = new kafkajs.Kafka({ brokers: [kafka.broker], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createAcls({ acl: rightsOf(USER, { source: scene.topic, deployment: name }).map(({ acl }) => acl) });
  const env = {
    FRESHET_KAFKA_BROKERS: kafka.secureBroker,
    FRESHET_KAFKA_SSL: "true",
    FRESHET_KAFKA_CA: certificates.ca,
    FRESHET_KAFKA_CERT: certificates.clientCert,
    FRESHET_KAFKA_KEY: certificates.clientKey,
    FRESHET_KAFKA_SASL_MECHANISM: "SCRAM-SHA-512",
    FRESHET_KAFKA_SASL_USERNAME: USER,
    FRESHET_KAFKA_SASL_PASSWORD: PASSWORD,
  };
  return {
    certificates,
    kafka,
    admin,
    scene,
    env,
    clientTls: async () => ({
      ca: await readFile(certificates.ca, "utf8"),
      cert: await readFile(certificates.clientCert, "utf8"),
      key: await readFile(certificates.clientKey, "utf8"),
    }),
    close: async () => {
      await scene.close();
      await admin.disconnect();
      await kafka.close();
      await certificates.close();
    },
  };
}

/** One event that busts one entry, all the way; `id` must be new. */
export async function sendAndSee({ scene }: Pick<SecureBench, "scene">, service: ServiceProcess, id: string): Promise<void> {
  const key = `${scene.keyPrefix}page:${id}`;
  await scene.redis.set(key, '{"version":4}', "EX", 300);
  await scene.topics.send(scene.topic, [{ partition: 0, key: null, value: eventOf(id), headers: [] }]);
  const isGone = async (): Promise<boolean> => {
    if (service.isGone()) throw new Error(`the service ended by itself:\n${service.output().slice(-4000)}`);
    return (await scene.redis.exists(key)) === 0;
  };
  await until(isGone, { timeoutMs: 90_000, what: `the entry of ${id} is busted` });
}

export function eventOf(id: string): Buffer {
  const event = { specversion: "1.0", id, source: "/test", type: "changed", subject: id, freshetversion: "5", data: {} };
  return Buffer.from(JSON.stringify(event));
}
