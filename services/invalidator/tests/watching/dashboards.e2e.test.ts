import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freshPrefix, type OwnWatch, startPrometheus, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { drained, openScene, type Scene } from "../scene.js";
import type { ServiceProcess } from "../service-process.js";
import { queriesOf, readDashboards } from "./dashboard-schema.js";
import { documentedMetrics, exportedMetrics } from "./metrics-page.js";
import { infra, readAlerts, readRecordings } from "./rule-files.js";

const rules = (topic: string, keyPrefix: string): string => `freshet: 1
bounds: { lease: 5s, lag: 2s, skew: 250ms, fill: 2s }
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: p, canary: true }]
families:
  page: { key: "${keyPrefix}page:{id}", ttl: 1h, tags: [{ tag: brand, with: { id: brand } }] }
tags:
  brand: { key: "brand:{id}", kind: swept }
rules:
  - { name: page, source: products, types: [changed], bust: [{ family: page, with: { id: subject } }] }
  - { name: brand, source: products, types: [moved], bust: [{ tag: brand, with: { id: "data.brand" } }] }
`;

function event(type: string, digits: string) {
  const fields = {
    specversion: "1.0",
    id: `${type}-${digits}`,
    source: "/test",
    type,
    subject: "1",
    freshetversion: digits,
  };
  const value = Buffer.from(JSON.stringify({ ...fields, data: { brand: "acme" } }));
  return { partition: 0, key: null, value, headers: [] };
}
const poison = { partition: 1, key: null, value: Buffer.from("not an event"), headers: [] };

const SCRAPE = "2s"; // a page may take 0.8 s, by what it asks of brokers
/** What is only there while something is wrong. Each has its own test beside the code that sets it. */
const inTrouble =
  /freshet_start_waiting|freshet_partition_waiting|freshet_redis_errors_total|freshet_kafka_errors_total|freshet_schema_registry_errors_total/;
const comparison = / [=!<>]=? ?[\d.]+$| unless /;

describe("a real Prometheus that scrapes a real invalidator", () => {
  let scene: Scene;
  let service: ServiceProcess;
  let prometheus: OwnWatch;

  beforeAll(async () => {
    const name = freshPrefix("watched");
    scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: 2, rules });
    await scene.redis.set(`${scene.keyPrefix}page:1`, "old");
    await scene.topics.create({ [`freshet.canary.${name}`]: { partitions: 1 } });
    service = await scene.start({ env: { FRESHET_CANARY_SECONDS: "1" } });
    const job = { job_name: "freshet", scrape_interval: SCRAPE, scrape_timeout: SCRAPE, static_configs: [{ targets: [service.address] }] };
    const ruleFiles = ["freshet.rules.yaml", "freshet.alerts.yaml"].map((file) => join(infra, "prometheus", file));
    const config = { global: { evaluation_interval: SCRAPE }, rule_files: ruleFiles, scrape_configs: [{ ...job, scrape_timeout: SCRAPE }] };
    prometheus = await startPrometheus({ config: JSON.stringify(config) });
    await until(async () => (await answer("freshet_events_total")).length > 0, { what: "the service is scraped" });
    const sent = [event("changed", "5"), poison, event("moved", "6"), event("other", "7")];
    await scene.topics.send(scene.topic, sent);
    await drained(scene, service, sent.length);
    const isCounted = async () => (await answer('sum(freshet:events:rate5m{outcome="applied"}) > 0')).length > 0;
    await until(isCounted, { what: "recording rules have seen the events", timeoutMs: 90_000 });
  }, 360_000);

  afterAll(async () => {
    await prometheus?.close();
    const left = ["page:1", "fr:t:{brand:acme}:i", "fr:t:{brand:acme}:f"].map((key) => `${scene?.keyPrefix}${key}`);
    await scene?.redis.unlink(...left);
    await scene?.close();
  });

  /** The series of a query now. Fails with what Prometheus says where it does not take it. */
  async function answer(query: string): Promise<readonly { readonly metric: Readonly<Record<string, string>> }[]> {
    const response = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query })}`);
    const body = (await response.json()) as { error?: string; data?: { result: readonly { metric: Record<string, string> }[] } };
    if (body.data === undefined) throw new Error(`${query}: ${body.error}`);
    return body.data.result;
  }

  test("answers every query of the dashboards, with series where something can be there", async () => {
    const queries = readDashboards().flatMap((dashboard) => queriesOf(dashboard, "freshet"));
    expect(queries.length).toBeGreaterThan(50);
    for (const { query } of queries) await answer(query);
    const filled = queries.filter(({ query }) => !inTrouble.test(query) && !comparison.test(query));
    const left = new Map(queries.map(({ at, query }) => [query, at]));
    const isFilled = async () => {
      for (const [query] of left) if ((await answer(query)).length > 0) left.delete(query);
      return filled.every(({ query }) => !left.has(query));
    };
    // a rate needs two scrapes, and series of later labels begin with their first count
    await until(isFilled, { what: "two scrapes", timeoutMs: 60_000 }).catch(() => undefined);
    const empty = filled.filter(({ query }) => left.has(query));
    expect(empty).toEqual([]);
  }, 180_000);

  test("exports every metric that dashboards, rules and alerts name", async () => {
    const exported = new Map(exportedMetrics(await service.metrics()).map((one) => [one.name, one]));
    const known = new Set([...exported.keys()].flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
    const texts = [
      ...readDashboards().flatMap((dashboard) => queriesOf(dashboard, "freshet").map(({ query }) => query)),
      ...readAlerts().map(({ expr }) => expr),
      ...readRecordings().map(({ expr }) => expr),
    ];
    const named = new Set(texts.flatMap((text) => text.match(/\b(?:freshet|nodejs|process)_\w+/g) ?? []));
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
    const recorded = new Set(readRecordings().map(({ record }) => record));
    const asked = new Set(texts.flatMap((text) => text.match(/\bfreshet:\w+:\w+/g) ?? []));
    expect([...asked].filter((name) => !recorded.has(name))).toEqual([]);
  });

  test("is silent about a service that is well, but for its dead letter", async () => {
    const wanted = ["FreshetDeadLettersGrowing"];
    let names: readonly (string | undefined)[] = [];
    const areThese = async () => {
      const alerts = await answer('count by (alertname) (ALERTS{alertstate=~"firing|pending", job="freshet"})');
      names = alerts.map(({ metric }) => metric.alertname);
      return names.join() === wanted.join();
    };
    // One scrape that a busy machine did not answer in time makes another alert pending until the next one.
    await until(areThese, { what: "it alone is told", timeoutMs: 60_000 }).catch(() => undefined);
    expect(names).toEqual(wanted);
  }, 180_000);

  test("exports what docs/reference/metrics.md says, and nothing else of its own", async () => {
    const page = readFileSync(join(infra, "..", "docs", "reference", "metrics.md"), "utf8");
    const exported = exportedMetrics(await service.metrics()).filter(({ name }) => name.startsWith("freshet_"));
    const documented = documentedMetrics(page);
    expect(documented.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual(
      exported.map(({ name, type }) => `${name} ${type}`).toSorted(),
    );
    for (const { name, labels } of exported) {
      const told = documented.find((one) => one.name === name)?.labels ?? [];
      if (labels.length > 0) expect([name, ...told.toSorted()]).toEqual([name, ...labels.toSorted()]);
    }
  });
});
