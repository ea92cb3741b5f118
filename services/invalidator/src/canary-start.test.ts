import { createMemoryLog, type KafkaPort } from "@freshet/kafka";
import { loadRules } from "@freshet/rules";
import { createMemoryStore } from "@freshet/store";
import { until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { canaryTopics } from "./canary-start.js";
import { loadConfig } from "./config.js";
import { type Invalidator, startInvalidator } from "./wiring.js";

const rulesText = `freshet: 1
sources: [{ name: products, topic: products, format: cloudevents, space: p }]
families: { product: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, bust: [{ family: product, with: { id: "subject" } }] }]
`;
const noFile = (): never => {
  throw Object.assign(new Error("none"), { code: "ENOENT" });
};
const clock = { nowMs: () => Date.now() };
const running: Invalidator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
});

interface Starting {
  readonly topics?: readonly string[];
  readonly rules?: string;
}

async function start(
  env: Record<string, string>,
  { topics = ["products", "freshet.dlq.t", "freshet.canary.t"], rules = rulesText }: Starting = {},
) {
  const base = { FRESHET_DEPLOYMENT: "t", FRESHET_RULES: "rules.yaml", FRESHET_HTTP_PORT: "0", FRESHET_LOG_LEVEL: "silent" };
  const config = loadConfig({ env: { ...base, ...env }, flags: {}, readText: noFile });
  const log = createMemoryLog({ clock });
  const client = log.client();
  const settings = { "max.message.bytes": "2000000" };
  const large = (topic: string) => (topic.includes(".dlq.") ? settings : {});
  await client.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: large(topic) })));
  const store = createMemoryStore({ nowUs: () => Date.now() * 1000 });
  const kafka: KafkaPort = log.client();
  const lines: string[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
  const service = await startInvalidator(config, { kafka, store, clock, logger, readText: () => rules, retryFirstMs: 5 });
  running.push(service);
  const metrics = async () => await (await fetch(`${service.address}/metrics`)).text();
  const isReady = async () => (await fetch(`${service.address}/readyz`)).status === 200;
  return { service, log, metrics, isReady, lines };
}

describe("a service with a canary", () => {
  test("sends it through its own pipeline, and tells", async () => {
    const { log, metrics } = await start({ FRESHET_CANARY_SECONDS: "1" });
    let text = "";
    const isBack = async () => {
      text = await metrics();
      return /^freshet_canary_duration_seconds_count [1-9]/m.test(text) && /^freshet_canary_age_seconds [01]\b/m.test(text);
    };
    await until(isBack);
    expect(text).toMatch(/^freshet_canary_failures_total 0$/m);
    expect(text).toContain('freshet_events_total{topic="freshet.canary.t",outcome="applied"}');
    expect(text).toMatch(/^freshet_keys_unlinked_total\{family="freshet-canary",mode="hard"\} [1-9]/m);
    expect(log.records("products")).toEqual([]);
  });

  test("without its topic does not start", async () => {
    const { service } = await start({ FRESHET_CANARY_SECONDS: "1" }, { topics: ["products", "freshet.dlq.t"] });
    expect(await service.failed).toMatchObject({ code: "FR3002", message: expect.stringContaining("freshet.canary.t") });
  });
});

test("canaries are written to their own topic and to sources that ask for them, where they are on", () => {
  const asking = "{ topic: asking, format: cloudevents, space: q, canary: true }";
  const { rules } = loadRules(rulesText.replace("sources: [", `sources: [${asking}, `));
  const topicsWith = (env: Record<string, string>) =>
    rules === null ? null : canaryTopics(loadConfig({ env: { FRESHET_DEPLOYMENT: "t", ...env }, flags: {}, readText: noFile }), rules);
  expect(topicsWith({ FRESHET_CANARY_SECONDS: "1" })).toEqual(["freshet.canary.t", "asking"]);
  for (const env of [{}, { FRESHET_CANARY_SECONDS: "1", FRESHET_MODE: "observe" }]) expect(topicsWith(env)).toEqual([]);
});

describe("a source with `canary: true`", () => {
  const asking = rulesText.replace("space: p }", "space: p, canary: true, tombstones: delete, strict: true }");

  test("gets one in each partition, which no rule sees, and its age and duration are told", async () => {
    const { log, metrics } = await start({ FRESHET_CANARY_SECONDS: "1" }, { rules: asking });
    const took = /^freshet_canary_partition_duration_seconds\{topic="products",partition="0"\} \d/m;
    const isYoung = /^freshet_canary_partition_age_seconds\{topic="products",partition="0"\} [01]\b/m;
    let text = "";
    const isBack = async () => {
      text = await metrics();
      return took.test(text) && isYoung.test(text);
    };
    await until(isBack);
    expect(text).toMatch(/^freshet_events_total\{topic="products",outcome="ignored"\} [1-9]/m);
    for (const outcome of ["applied", "covered", "no_match", "dead"])
      expect(text).toContain(`freshet_events_total{topic="products",outcome="${outcome}"} 0\n`);
    const [canary] = log.records("products");
    expect([canary?.value, canary?.headers.map(({ name }) => name)]).toEqual([null, ["freshet-canary"]]);
    expect(text).not.toContain('freshet_canary_partition_age_seconds{topic="freshet.canary.t"');
  });

  test.each([{}, { FRESHET_CANARY_SECONDS: "1", FRESHET_MODE: "observe" }])("gets none with %j", async (env) => {
    const { log, metrics, isReady } = await start(env, { rules: asking });
    await until(isReady);
    expect(await metrics()).not.toContain("canary");
    expect(log.records("products")).toEqual([]);
  });
});

test.each([{}, { FRESHET_CANARY_SECONDS: "0" }, { FRESHET_CANARY_SECONDS: "1", FRESHET_MODE: "observe" }])(
  "%j has none, and needs no topic",
  async (env) => {
    const { metrics, isReady, lines } = await start(env, { topics: ["products", "freshet.dlq.t"] });
    await until(isReady);
    expect(await metrics()).not.toContain("canary");
    expect(lines.filter((line) => line.includes("the canary is off"))).toHaveLength("FRESHET_MODE" in env ? 1 : 0);
  },
);
