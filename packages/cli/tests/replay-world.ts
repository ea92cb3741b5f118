import { createMemoryLog } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import { encodeCloudEvent, parseVersion } from "@freshet/protocol";
import { createMemoryStore } from "@freshet/store";
import { createClock } from "@freshet/testkit";
import { NOW_MS, type World } from "./transcript.js";

const rules = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
families:
  product: { key: "product:{id}", ttl: 24h }
  page: { key: "page:{id}", ttl: 1h, entry: { kind: opaque } }
rules:
  - { name: product-changed, source: products, bust: [{ family: product, with: { id: subject } }] }
  - { name: page-changed, source: products, when: "data.page", bust: [{ family: page, with: { id: subject } }] }
`;
const wrong = rules.replace('"data.page"', '"data.nope"');

/** Deployment blue after an incident: a broker and a store in memory, rules that were wrong, and the corrected ones. */
export async function createReplayWorld(over: Partial<World> = {}) {
  const clock = createClock(NOW_MS - 3_600_000);
  const log = createMemoryLog({ clock });
  const kafka = log.client();
  const topics = ["shop.products", "freshet.dlq.blue", "freshet.jobs.blue", "freshet.audit.blue"];
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  const store = createMemoryStore({ nowUs: () => NOW_MS * 1000 });
  const version = parseVersion("5");
  if (version === null) throw new Error("5 is a version");
  const product = (id: string) =>
    store.seed.putManaged(`product:${id}`, { value: "v", deps: new Map([[`catalog.product/${id}`, version]]) });
  const encode = (id: string, text: string, data: object) =>
    encodeCloudEvent({
      id: "1",
      source: "s",
      type: "t",
      subject: id,
      version: text,
      time: "2026-01-01T00:00:00Z",
      data: JSON.stringify(data),
    });
  const send = (id: string, text: string, data: object = { page: true }) => {
    const { headers, value } = encode(id, text, data);
    return kafka.produce([{ topic: "shop.products", key: new TextEncoder().encode(id), value, headers }]);
  };
  const fail = (id: string, text: string, { data = { page: true }, topic = "shop.products" }: { data?: object; topic?: string } = {}) => {
    const { headers, value } = encode(id, text, data);
    const record = { topic, partition: 0, offset: 7, timestampMs: 0, key: null, value, headers };
    const context = { topic: "freshet.dlq.blue", group: "g", rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" };
    return kafka.produce([deadLetter(record, { reason: "rule_error", message: "m", fix: "f", rule: "page-changed" }, context)]);
  };
  await Promise.all([product("1"), product("2"), store.seed.putOpaque("page:1", { value: "p" })]);
  const world: World = {
    kafka: { ...kafka, close: async () => {} },
    store: { ...store, close: async () => {} },
    files: { "rules.yaml": wrong, "corrected.yaml": rules },
    env: { FRESHET_DEPLOYMENT: "blue" },
    ...over,
  };
  return { log, kafka, store, send, fail, world };
}
