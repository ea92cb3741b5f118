import { freshPrefix, type OwnKafka, startKafka, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { testSeed } from "./config.js";
import { checkDeadLetters } from "./dead-letters.js";
import { type Act, cleanUp, drained, openScene, prepare, type Scene, stopped, waitingCodes } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";
import type { Place } from "./topics.js";

const SIZE = { events: 60_000, products: 8_000, partitions: 6 };
const OUTAGE_MS = 20_000;

/** One broker, one service and one workload go through both outages. Nothing is being sent when they begin: what a broker
 * appended and could not acknowledge would be a record that this test does not know of. */
describe("Kafka is in trouble: consumption waits, says why, and loses nothing", () => {
  const places: Place[] = [];
  let kafka: OwnKafka;
  let scene: Scene;
  let act: Act | null = null;
  let service: ServiceProcess;

  beforeAll(async () => {
    const seed = testSeed();
    process.stdout.write(`waits-for-kafka: seed ${seed}\n`);
    kafka = await startKafka();
    scene = await openScene({
      name: freshPrefix("waits-kafka"),
      broker: kafka.broker,
      redisUrl: testRedisUrl(),
      partitions: SIZE.partitions,
    });
    act = await prepare(scene, { seed, size: SIZE, entriesPerKind: SIZE.products });
    service = await scene.start();
  }, 360_000);

  afterAll(async () => {
    if (scene !== undefined) await cleanUp(scene, act);
    await scene?.close();
    await kafka?.close();
  });

  /** Sends the next so many records of the workload. */
  async function send(records: number): Promise<void> {
    const next = act?.workload.sent.slice(places.length, places.length + records) ?? [];
    places.push(...(await scene.topics.send(scene.topic, next)));
  }

  /**
   * Sends them while the process stands still: else it may have ended them all by the time the last one is sent. Answers how many it had
   * ended before.
   */
  async function pileUp(records: number): Promise<number> {
    const before = await service.metric("freshet_events_total");
    service.kill("SIGSTOP");
    try {
      await send(records);
    } finally {
      service.kill("SIGCONT");
    }
    return before;
  }

  /** Waits until the process has ended so many records, so that it is in the middle of a backlog. */
  async function working(records: number): Promise<void> {
    await until(async () => (await service.metric("freshet_events_total")) > records, { timeoutMs: 90_000, what: "it works" });
  }

  /** Everything is committed, and the trouble is over. */
  async function over(records: number): Promise<void> {
    await drained(scene, service, records);
    await until(async () => (await service.readyz())?.body.kafka === null, { timeoutMs: 90_000, what: "no trouble with Kafka is told" });
    expect(await waitingCodes(service)).toEqual([]);
  }

  /** The outage lasts; the process stays, stays ready, and tells of the trouble. */
  async function lasts(sinceMs: number): Promise<void> {
    await until(() => Date.now() - sinceMs >= OUTAGE_MS, { timeoutMs: OUTAGE_MS, pollMs: 100, what: "20 s are over" });
    const answer = await service.readyz();
    expect(answer?.status).toBe(200);
    expect(answer?.body.kafka?.code).toMatch(/^FR3/);
    expect(service.isGone()).toBe(false);
  }

  test("killed in the middle of a backlog, and back after 20 s", async () => {
    await working((await pileUp(25_000)) + 2000);
    await kafka.kill();
    try {
      await lasts(Date.now());
    } finally {
      await kafka.restart();
    }
    await over(places.length);
  }, 450_000);

  test("frozen in the middle of a backlog, so that nothing answers and nothing closes, and back after 20 s", async () => {
    await working((await pileUp(25_000)) + 2000);
    kafka.pause();
    try {
      await lasts(Date.now());
    } finally {
      kafka.resume();
    }
    await over(places.length);
  }, 450_000);

  test("at the end all entries are right, and no trouble of Kafka made a dead letter", async () => {
    await send(SIZE.events);
    const { workload, expected, differences } = act ?? fail();
    await drained(scene, service, workload.sent.length);
    expect((await differences()).slice(0, 20)).toEqual([]);
    const letters = await scene.topics.readAll(scene.deadLetterTopic);
    expect(checkDeadLetters({ letters, sent: workload.sent, places, expected })).toMatchObject({ wrong: [], missing: [] });
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 180_000);
});

function fail(): never {
  throw new Error("the act was not prepared");
}
