import { freshPrefix, type OwnKafka, startKafka, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { testSeed } from "../config.js";
import { type Act, cleanUp, drained, openScene, prepare, type Scene } from "../scene.js";
import type { ServiceProcess } from "../service-process.js";

const AGE = "freshet_oldest_unapplied_age_seconds";

/** Nothing closes and nothing answers, as behind a network that is cut. */
describe("while the brokers do not answer", () => {
  let kafka: OwnKafka;
  let scene: Scene;
  let act: Act | null = null;
  let service: ServiceProcess;

  beforeAll(async () => {
    kafka = await startKafka();
    scene = await openScene({ name: freshPrefix("unknown-lag"), broker: kafka.broker, redisUrl: testRedisUrl(), partitions: 2 });
    act = await prepare(scene, { seed: testSeed(), size: { events: 200, products: 50, partitions: 2 }, entriesPerKind: 20 });
    service = await scene.start();
    await scene.topics.send(scene.topic, act.workload.sent);
    await drained(scene, service, 200);
  }, 360_000);

  afterAll(async () => {
    if (scene !== undefined) await cleanUp(scene, act);
    await scene?.close();
    await kafka?.close();
  });

  /** What is told of the topic, of both partitions: series of ages, series of records, and what state. */
  async function told(from: ServiceProcess) {
    const page = await from.metrics();
    const series = (name: string): readonly string[] =>
      page.split("\n").filter((line) => line.startsWith(`${name}{`) && line.includes(`topic="${scene.topic}"`));
    const values = (name: string): readonly number[] => series(name).map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
    return {
      ages: values(AGE),
      records: values("freshet_consumer_lag_records"),
      states: series("freshet_partition_state").map((line) => /state="(\w+)"/.exec(line)?.[1]),
      unknown: values("freshet_lag_unknown"),
    };
  }

  const known = { ages: [0, 0], records: [0, 0], states: ["caught_up", "caught_up"], unknown: [0] };
  const tells = (from: ServiceProcess, wanted: object, what: string) =>
    until(async () => JSON.stringify(await told(from)) === JSON.stringify(wanted), { timeoutMs: 60_000, pollMs: 200, what });

  test("nobody says that nothing is behind, and one silence is told everywhere; when they answer, it is known again", async () => {
    await tells(service, known, "it is caught up");
    kafka.pause();
    try {
      await tells(service, { ages: [], records: [], states: ["unknown", "unknown"], unknown: [1] }, "it is not known");
      const silent = () => service.metric("freshet_consumer_silent_seconds");
      await until(async () => (await silent()) > 8, { timeoutMs: 60_000, what: "the silence is told" });
      const before = await silent();
      const live = (await (await fetch(`http://${service.address}/livez`)).json()) as { readonly consumerSilentMs: number };
      const after = await silent();
      expect(live.consumerSilentMs).toBeGreaterThanOrEqual(before * 1000);
      expect(live.consumerSilentMs).toBeLessThanOrEqual(after * 1000);
    } finally {
      kafka.resume();
    }
    await tells(service, known, "it is known again");
  }, 450_000);

  test("a process that starts then says so, and of the topic that nothing is known", async () => {
    kafka.pause();
    try {
      const late = await scene.start();
      const waits = () => late.metric("freshet_start_waiting", { on: "kafka" });
      await until(async () => (await waits()) === 1, { timeoutMs: 90_000, pollMs: 200, what: "it waits for Kafka" });
      await tells(late, { ages: [], records: [], states: [], unknown: [1] }, "nothing is known");
      expect(await late.metric("freshet_lag_observed_timestamp_seconds")).toBe(0);
      kafka.resume();
      await tells(late, known, "it knows");
      // Who watches lag and who starts ask the brokers each for themselves: either may have its answer first.
      await until(async () => (await waits()) === 0, { timeoutMs: 90_000, pollMs: 200, what: "it has started" });
    } finally {
      kafka.resume();
    }
  }, 720_000);
});
