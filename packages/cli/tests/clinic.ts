import { readFileSync } from "node:fs";
import { boundsOf } from "@freshet/invalidator";
import { type ClusterView, createMemoryLog, type KafkaPort, type MemoryLog, type TopicHealth } from "@freshet/kafka";
import { loadRules } from "@freshet/rules";
import { createMemoryStore, type StorePort } from "@freshet/store";
import { NOW_MS, type World } from "./transcript.js";

const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
families:
  page: { key: "page:{id}", ttl: 1h }
rules:
  - { name: product-changed, source: products, types: [product.updated], bust: [{ family: page, with: { id: subject } }] }
`;
const TOPICS = readFileSync(new URL("../../../infra/kafka/topics.json", import.meta.url), "utf8");

/** A deployment in which nothing is wrong, and the ways to change that. */
export interface Clinic {
  readonly world: World & { readonly kafka: KafkaPort; readonly store: StorePort };
  readonly log: MemoryLog;
  /** The same world with another answer to what a topic is like. */
  withTopic(topic: string, change: Partial<TopicHealth> | ((health: TopicHealth) => Partial<TopicHealth>)): World;
  withCluster(change: (view: ClusterView) => Partial<ClusterView>): World;
  withKafka(change: Partial<KafkaPort>): World;
  withStore(change: Partial<StorePort>): World;
  /** Appends one event of a product. */
  produce(type: string, headers?: Readonly<Record<string, string>>): Promise<void>;
}

export async function openClinic(): Promise<Clinic> {
  const log = createMemoryLog({ clock: { nowMs: () => NOW_MS } });
  // Commands may connect more than once; here they get the same client again.
  const kafka = { ...log.client(), close: async () => undefined };
  const store = createMemoryStore({ nowUs: () => NOW_MS * 1000 });
  const own = JSON.parse(TOPICS.replaceAll(`\${deployment}`, "default")) as { topics: Parameters<KafkaPort["createTopics"]>[0] };
  const source = { topic: "shop.products", partitions: 2, replicationFactor: 1, config: { "message.timestamp.type": "LogAppendTime" } };
  await kafka.createTopics([...own.topics, source]);
  const { rules } = loadRules(RULES);
  if (rules === null) throw new Error("the rules of this clinic have findings");
  await store.publishBounds(boundsOf(rules));
  const files = { "rules.yaml": RULES, "topics.json": TOPICS };
  const world = { files, env: { FRESHET_REDIS_URL: "redis://127.0.0.1:6379" }, kafka, store };
  const withKafka = (change: Partial<KafkaPort>): World => ({ ...world, kafka: { ...kafka, ...change } });
  const withCluster: Clinic["withCluster"] = (change) =>
    withKafka({
      inspect: async (topics, group) => {
        const view = await kafka.inspect(topics, group);
        return { ...view, ...change(view) };
      },
    });
  return {
    world,
    log,
    withKafka,
    withCluster,
    withStore: (change) => ({ ...world, store: { ...store, ...change } }),
    withTopic: (topic, change) =>
      withCluster(({ topics }) => ({
        topics: topics.map((health) =>
          health.topic === topic ? { ...health, ...(typeof change === "function" ? change(health) : change) } : health,
        ),
      })),
    produce: async (type, headers = {}) => {
      const attributes = {
        specversion: "1.0",
        id: "1",
        source: "shop",
        type,
        subject: "catalog.product/42",
        freshetversion: "7",
        ...headers,
      };
      const bytes = (text: string) => new TextEncoder().encode(text);
      const all = Object.entries(attributes).map(([name, value]) => ({ name: `ce_${name}`, value: bytes(value) }));
      const value = bytes("{}");
      await kafka.produce([
        { topic: "shop.products", key: bytes("42"), value, headers: [...all, { name: "content-type", value: bytes("application/json") }] },
      ]);
    },
  };
}

/** A topic's settings with some of them changed. */
export function withSettings(changed: Readonly<Record<string, string>>): (health: TopicHealth) => Partial<TopicHealth> {
  return ({ settings }) => ({ settings: new Map([...(settings ?? []), ...Object.entries(changed)]) });
}
