import { createMemoryLog } from "@freshet/kafka";
import { type OwnRedis, startRedis, until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { loadConfig } from "./config.js";
import { type Invalidator, startInvalidator } from "./wiring.js";

const rulesOf = (bounds: string, tags = "") => `freshet: 1
${bounds}
sources: [{ name: products, topic: products, format: cloudevents, space: p }]
families: { product: { key: "page:{id}", ttl: 1h } }
${tags}
rules: [{ name: changed, source: products, bust: [{ family: product, with: { id: "subject" } }] }]
`;
const [primary, replica] = ["bounds: { lag: 0s }", "bounds: { lag: 2s }"];
const clock = { nowMs: () => Date.now() };
let server: OwnRedis;
const running: Invalidator[] = [];

beforeAll(async () => {
  server = await startRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
});
afterAll(() => server.close());

/** `ready`, or the error the service ends with. */
async function start(rules: string, env: Record<string, string> = {}): Promise<unknown> {
  const log = createMemoryLog({ clock });
  const topic = { partitions: 1, replicationFactor: 1 };
  await log.client().createTopics([
    { ...topic, topic: "products", config: {} },
    { ...topic, topic: "freshet.dlq.default", config: { "max.message.bytes": "2000000" } },
  ]);
  const base = { FRESHET_RULES: "rules.yaml", FRESHET_HTTP_PORT: "0", FRESHET_LOG_LEVEL: "fatal", FRESHET_REDIS_URL: server.url };
  const readText = () => {
    throw Object.assign(new Error("none"), { code: "ENOENT" });
  };
  const config = loadConfig({ env: { ...base, ...env }, flags: {}, readText });
  const service = await startInvalidator(config, { kafka: log.client(), readText: () => rules, clock, retryFirstMs: 5 });
  running.push(service);
  let failure: unknown = null;
  void service.failed.then((error) => {
    failure = error;
  });
  const isReady = async () => (await fetch(`${service.address}/readyz`)).status === 200;
  await until(async () => failure !== null || (await isReady()));
  return failure ?? "ready";
}

const refused = expect.objectContaining({
  code: "FR2004",
  message: expect.stringContaining("allkeys-lru"),
  fix: expect.stringMatching(/noeviction.*lag of 0.*FRESHET_ALLOW_EVICTION/),
});

test("a Redis that evicts is refused where a load may read from a replica", async () => {
  expect(await start(rulesOf(replica))).toEqual(refused);
});

test("a Redis that evicts is taken where every load reads from the primary", async () => {
  expect(await start(rulesOf(primary))).toBe("ready");
});

test("one family that lags is enough to refuse it", async () => {
  const slow = "slow: { key: 'slow:{id}', ttl: 1h, bounds: { lag: 1s } }";
  expect(await start(rulesOf(primary).replace("families: { ", `families: { ${slow}, `))).toEqual(refused);
});

test("a swept tag forgets its members when they are evicted, an epoch tag has none", async () => {
  expect(await start(rulesOf(primary, 'tags: { all: { key: "all:{id}", kind: swept } }'))).toEqual(refused);
  expect(await start(rulesOf(primary, 'tags: { all: { key: "all:{id}", kind: epoch } }'))).toBe("ready");
});

test("whoever accepts eviction may have it", async () => {
  expect(await start(rulesOf(replica), { FRESHET_ALLOW_EVICTION: "true" })).toBe("ready");
});
