import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KafkaPort, ProduceRecord } from "@freshet/kafka";
import { encodeCloudEvent } from "@freshet/protocol";
import { testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";

/** A deployment of one rule, by which events of `<name>.products` bust `<name>:page:<subject>`, for processes of `freshet`. */
export interface PageDeployment {
  readonly topic: string;
  /** Of the processes. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function pageDeployment(name: string, broker: string = testKafkaBroker()): Promise<PageDeployment> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-pages-"));
  const topic = `${name}.products`;
  const rules = `freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: catalog.product }]
families: { page: { key: "${name}:page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, bust: [{ family: page, with: { id: subject } }] }]
`;
  await writeFile(join(folder, "rules.yaml"), rules);
  const env = {
    FRESHET_DEPLOYMENT: name,
    FRESHET_RULES: join(folder, "rules.yaml"),
    FRESHET_KAFKA_BROKERS: broker,
    FRESHET_REDIS_URL: testRedisUrl(),
    FRESHET_REDIS_PREFIX: `${name}:fr:`,
  };
  return { topic, env, close: () => rm(folder, { recursive: true, force: true }) };
}

/** The event of one page, as a producer writes it: version 7. */
export function pageEvent(subject: string): Pick<ProduceRecord, "headers" | "value"> {
  const event = { id: "1", source: "s", type: "t", subject, version: "7", time: "2026-01-01T00:00:00Z", data: "{}" };
  const { headers, value } = encodeCloudEvent(event);
  return { headers, value };
}

/** Makes topics, and waits until the broker shows them. */
export async function makeTopics(kafka: KafkaPort, topics: readonly string[], partitions: number): Promise<void> {
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions, replicationFactor: -1, config: {} })));
  await until(async () => (await kafka.describeTopics(topics)).length === topics.length, { timeoutMs: 60_000 });
}
