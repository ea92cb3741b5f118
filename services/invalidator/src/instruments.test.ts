import { createMemoryLog } from "@freshet/kafka";
import { createMemoryStore } from "@freshet/store";
import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { uncounted } from "../bench/cost/uncounted.js";
import { loadConfig } from "./config.js";
import { createInstruments } from "./instruments.js";
import { startInvalidator } from "./wiring.js";

const rules = `freshet: 1
sources: [{ name: products, topic: products, format: cloudevents, space: p }]
families: { product: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, bust: [{ family: product, with: { id: "subject" } }] }]
`;
const event = JSON.stringify({ specversion: "1.0", id: "1", source: "/s", type: "changed", subject: "1", freshetversion: "5", data: {} });
const clock = { nowMs: () => Date.now() };
const noFile = (): never => {
  throw Object.assign(new Error("none"), { code: "ENOENT" });
};
const env = { FRESHET_DEPLOYMENT: "t", FRESHET_RULES: "rules.yaml", FRESHET_HTTP_PORT: "0" };

async function pageAfterOneBust(instruments: typeof createInstruments): Promise<string> {
  const log = createMemoryLog({ clock });
  const store = createMemoryStore({ nowUs: () => Date.now() * 1000 });
  const dlq = { "max.message.bytes": "2000000" };
  await log.client().createTopics([
    { topic: "products", partitions: 1, replicationFactor: 1, config: {} },
    { topic: "freshet.dlq.t", partitions: 1, replicationFactor: 1, config: dlq },
  ]);
  await store.seed.putJson("page:1", { text: '{"version":4}' });
  const kafka = log.client();
  const config = loadConfig({ env, flags: {}, readText: noFile });
  const service = await startInvalidator(config, {
    kafka,
    store,
    logger: pino({ level: "silent" }),
    clock,
    readText: () => rules,
    instruments,
  });
  try {
    await log.client().produce([{ topic: "products", key: null, headers: [], value: Buffer.from(event) }]);
    await until(async () => !(await store.seed.has("page:1")));
    await until(() => log.committed("freshet-t", { topic: "products", partition: 0 }) === 1);
    return await (await fetch(`${service.address}/metrics`)).text();
  } finally {
    await service.stop();
  }
}

test("a service counts and tells what it does", async () => {
  expect(await pageAfterOneBust(createInstruments)).toContain('freshet_events_total{topic="products",outcome="applied"} 1\n');
});

test("with nothing in the place of its instruments it does the same work, and the page is empty", async () => {
  expect(await pageAfterOneBust(uncounted)).toBe("");
});
