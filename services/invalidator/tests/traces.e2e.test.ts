import { join } from "node:path";
import { freshPrefix, type OwnWatch, startPrometheus, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { drained, openScene, type Scene } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";

const rules = (topic: string, keyPrefix: string): string => `freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: p }]
families: { page: { key: "${keyPrefix}page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: page, source: products, bust: [{ family: page, with: { id: subject } }] }]
`;
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanIdOf = (digit: number) => `00f067aa0ba902b${digit}`;

function record(digit: number, value?: string) {
  const event = { specversion: "1.0", id: `${digit}`, source: "/test", type: "changed", subject: `secret-${digit}`, freshetversion: "1" };
  const headers = [["traceparent", Buffer.from(`00-${traceId}-${spanIdOf(digit)}-01`)]] as const;
  return { partition: 0, key: null, value: Buffer.from(value ?? JSON.stringify({ ...event, data: { mail: "planted" } })), headers };
}

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly context: { readonly spanId: string } }[];
}

/** With an SDK that prints its spans, registered as docs/reference/traces.md says, on real Kafka, Redis and Prometheus. */
describe("traces of a service", () => {
  let scene: Scene;
  let service: ServiceProcess;
  let prometheus: OwnWatch | undefined;

  beforeAll(async () => {
    scene = await openScene({ name: freshPrefix("traces"), broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: 1, rules });
    const sdk = join(import.meta.dirname, "print-spans.ts");
    service = await scene.start({ env: { FRESHET_TRACES: "true", NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${sdk}` } });
    await scene.topics.send(scene.topic, [record(1), record(2), record(3, "no event")]);
    await drained(scene, service, 3);
    await until(() => linked().length === 3, { what: "spans are printed" });
  }, 180_000);

  afterAll(async () => {
    await prometheus?.close();
    await scene?.close();
  });

  function lines(): readonly Readonly<Record<string, unknown>>[] {
    const found = service.output().match(/^\{.*\}$/gm) ?? [];
    return found.map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
  }
  const spans = (): readonly Span[] => lines().flatMap(({ span }) => (span === undefined ? [] : [span as Span]));

  const slicesOf = () => spans().filter(({ name }) => name === `process ${scene.topic}`);
  const linked = () => slicesOf().flatMap(({ links }) => links.map(({ context }) => context.spanId));

  test("lead from the spans that records were written in through the slice to its steps", () => {
    const slices = slicesOf();
    expect(linked().toSorted()).toEqual([1, 2, 3].map(spanIdOf));
    const ids = new Set(slices.map(({ spanId }) => spanId));
    for (const step of ["freshet.match", "freshet.apply", "freshet.settle"]) {
      const inside = spans().filter(({ name }) => name === step);
      expect(inside).toHaveLength(slices.length);
      for (const { parentId } of inside) expect(ids.has(parentId ?? "")).toBe(true);
    }
    const group = {
      "messaging.system.name": "kafka",
      "messaging.destination.name": scene.topic,
      "messaging.consumer.group.name": scene.group,
    };
    for (const { attributes } of slices) expect(attributes).toMatchObject(group);
    expect(JSON.stringify(spans())).not.toMatch(/secret|planted|page:/);
  });

  test("are named in the log, and go on with a dead letter", async () => {
    const named = lines()
      .filter(({ msg }) => msg === "slice")
      .map(({ trace_id }) => trace_id);
    expect(new Set(named)).toEqual(new Set(spans().map((span) => span.traceId)));
    const [letter] = await scene.topics.readAll(scene.deadLetterTopic);
    expect(letter?.headers.get("traceparent")?.map(String)).toEqual([`00-${traceId}-${spanIdOf(3)}-01`]);
  });

  test("are found from the durations in Prometheus, whose series keep their names", async () => {
    const job = {
      job_name: "freshet",
      scrape_interval: "1s",
      scrape_timeout: "1s",
      static_configs: [{ targets: [service.address] }],
    };
    const args = ["--enable-feature=exemplar-storage"];
    prometheus = await startPrometheus({ config: JSON.stringify({ scrape_configs: [job] }), args });
    const { url } = prometheus;
    const ask = async (path: string, query: Readonly<Record<string, string>>): Promise<readonly object[]> => {
      const { data } = (await (await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`)).json()) as {
        data: readonly object[] | { result: readonly object[] };
      };
      return "result" in data ? data.result : data;
    };
    const exemplars = (name: string) => async (): Promise<boolean> => {
      const now = Date.now() / 1000;
      const found = JSON.stringify(await ask("query_exemplars", { query: name, start: `${now - 600}`, end: `${now + 60}` }));
      return spans().some((span) => found.includes(span.traceId));
    };
    await until(exemplars("freshet_apply_duration_seconds_bucket"), { what: "exemplars of slices", timeoutMs: 60_000 });
    await until(exemplars("freshet_event_age_seconds_bucket"), { what: "exemplars of events", timeoutMs: 60_000 });
    for (const query of ["freshet_events_total", "freshet_rules_info", "process_cpu_seconds_total", "up == 1"])
      await until(async () => (await ask("query", { query })).length > 0, { what: query });
  }, 360_000);
});
