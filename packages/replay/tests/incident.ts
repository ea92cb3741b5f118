import { createMemoryLog } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import { encodeCloudEvent, type KafkaRecord, parseVersion, type Version } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import { createMemoryStore } from "@freshet/store";
import { createClock } from "@freshet/testkit";
import type { ReplayPorts } from "../src/plan/plan-replay.js";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const DAY_MS = 86_400_000;

const sources = `freshet: 1
bounds: { lease: 1h, lag: 2s, skew: 250ms, fill: 2s }
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product, match: { types: ["product.*"] } }
families:
  product: { key: "product:{id}", ttl: 24h }
  page: { key: "page:{id}", ttl: 1h, entry: { kind: opaque } }
tags:
  brand: { key: "brand:{id}", kind: swept }
`;

/** What should run: events of products bust the product, its page when it is deleted, and its brand where they name one. */
export const rightRules = `${sources}rules:
  - { name: product-changed, source: products, bust: [{ family: product, with: { id: subject } }] }
  - { name: sold-out, source: products, types: [product.deleted], bust: [{ family: page, with: { id: subject } }] }
  - { name: brand, source: products, when: "has(data.brand)", bust: [{ tag: brand, with: { id: data.brand } }] }
`;

/** What was deployed: some events fail, the others bust pages in place of products. */
export const wrongRules = `${sources}rules:
  - { name: product-changed, source: products, when: "data.price > 5", bust: [{ family: page, with: { id: subject } }] }
`;

export function compiled(text: string): CompiledRules {
  const { rules, findings } = loadRules(text);
  if (rules === null) throw new Error(JSON.stringify(findings));
  return rules;
}

function version(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed === null) throw new Error(`${text} is no version`);
  return parsed;
}

export interface EventSpec {
  readonly id: string;
  readonly version: string;
  readonly type?: string;
  readonly data?: object;
}

const encoder = new TextEncoder();

/** A broker and a store in memory, with the topics of deployment blue. */
export async function openIncident() {
  const clock = createClock(START_MS);
  const log = createMemoryLog({ clock });
  const kafka = log.client();
  const topics = ["freshet.dlq.blue", "freshet.jobs.blue", "freshet.audit.blue"];
  await kafka.createTopics([
    ...topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })),
    { topic: "shop.products", partitions: 3, replicationFactor: 1, config: {} },
  ]);
  const store = createMemoryStore({ nowUs: () => clock.nowMs() * 1000 });
  const encode = ({ id, version: text, type = "product.updated", data = { price: 1 } }: EventSpec) =>
    encodeCloudEvent({
      id: "1",
      source: "s",
      type,
      subject: id,
      version: text,
      time: "2026-01-01T00:00:00Z",
      data: JSON.stringify(data),
    });
  const ports: ReplayPorts & { readonly kafka: typeof kafka } = { kafka, store, clock, pause: async () => undefined };
  return {
    clock,
    log,
    kafka,
    store,
    ports,
    send: (...events: readonly EventSpec[]) =>
      kafka.produce(
        events.map((event) => {
          const { headers, value } = encode(event);
          return { topic: "shop.products", key: encoder.encode(event.id), value, headers };
        }),
      ),
    /** A dead letter, of a topic that may be anything. */
    fail: async (event: EventSpec, over: { topic?: string; reason?: "rule_error" | "undecodable"; value?: string } = {}) => {
      const { headers, value } = encode(event);
      const place = { topic: over.topic ?? "shop.products", partition: 0, offset: 7, timestampMs: START_MS };
      const key = encoder.encode(event.id);
      const record: KafkaRecord = { ...place, key, value: over.value === undefined ? value : encoder.encode(over.value), headers };
      const context = { topic: "freshet.dlq.blue", group: "freshet-blue", rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" };
      const rejection = { reason: over.reason ?? ("rule_error" as const), message: "it is", fix: "Mend it", rule: "product-changed" };
      await kafka.produce([deadLetter(record, rejection, context)]);
    },
    putProduct: (id: string, deps: Readonly<Record<string, string>>) => {
      const held = Object.entries(deps).map(([subject, text]) => [`catalog.product/${subject}`, version(text)] as const);
      return store.seed.putManaged(`product:${id}`, { value: "v", deps: new Map(held), ttlMs: DAY_MS });
    },
    putListing: (key: string, tag: string) =>
      store.indexAdd({ tag, key, fillTimeUs: clock.nowMs() * 1000, keepMs: DAY_MS, floorTtlMs: DAY_MS, skewMs: 250 }),
    putPage: (id: string) => store.seed.putOpaque(`page:${id}`, { value: "p", ttlMs: DAY_MS }),
  };
}

export type Incident = Awaited<ReturnType<typeof openIncident>>;
