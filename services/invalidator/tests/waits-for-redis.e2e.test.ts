import { freshPrefix, type OwnRedis, startRedis, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { testSeed } from "./config.js";
import { checkDeadLetters } from "./dead-letters.js";
import { type Act, drained, openScene, prepare, type Scene, stopped, waitingCodes } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";
import type { Place } from "./topics.js";

const SIZE = { events: 40_000, products: 8_000, partitions: 6 };
const OUTAGE_MS = 20_000;
const PER_SECOND = 1000;

/** One Redis, one service and one workload go through it all, one trouble after the other. */
describe("Redis is in trouble: consumption waits, says why, and loses nothing", () => {
  const places: Place[] = [];
  let redis: OwnRedis;
  let scene: Scene;
  let act: Act;
  let service: ServiceProcess;

  beforeAll(async () => {
    const seed = testSeed();
    process.stdout.write(`waits-for-redis: seed ${seed}\n`);
    redis = await startRedis({ args: ["--appendonly", "yes"] }); // what was written before it stops is there afterwards
    scene = await openScene({
      name: freshPrefix("waits-redis"),
      broker: testKafkaBroker(),
      redisUrl: redis.url,
      partitions: SIZE.partitions,
    });
    act = await prepare(scene, { seed, size: SIZE, entriesPerKind: SIZE.products });
    service = await scene.start();
  }, 180_000);

  afterAll(async () => {
    await scene?.close();
    await redis?.close();
  });

  /** Sends the next so many records of the workload. */
  async function send(records: number, perSecond?: number): Promise<void> {
    const next = act.workload.sent.slice(places.length, places.length + records);
    places.push(...(await scene.topics.send(scene.topic, next, perSecond)));
  }

  test("stopped for 20 s under load: every partition waits and says so, the process stays ready; back, it drains", async () => {
    await send(2000, PER_SECOND);
    await drained(scene, service, places.length);
    const sending = send(30_000, PER_SECOND);
    await until(async () => (await service.metric("freshet_events_total")) > 4000, { timeoutMs: 90_000, what: "it works under load" });
    await redis.stop();
    const stoppedMs = Date.now();

    await until(async () => (await waitingCodes(service)).length === SIZE.partitions, { timeoutMs: 60_000, what: "all partitions wait" });
    expect(new Set(await waitingCodes(service))).toEqual(new Set(["FR2001"]));
    expect((await service.readyz())?.status).toBe(200);
    expect(await service.metric("freshet_waiting_partitions")).toBe(SIZE.partitions);
    // This one process has consumed it all: what has ended is what may be committed.
    const ended = await service.metric("freshet_events_total");
    const committed = () => scene.topics.committed(scene.group, scene.topic);
    await until(async () => (await committed()) === ended, { timeoutMs: 60_000, pollMs: 100, what: "what has ended is committed" });
    await until(() => Date.now() - stoppedMs >= OUTAGE_MS, { timeoutMs: OUTAGE_MS, pollMs: 100, what: "20 s are over" });
    expect(await committed()).toBe(ended);
    expect(await waitingCodes(service)).toHaveLength(SIZE.partitions);

    await redis.restart();
    await sending;
    await drained(scene, service, places.length);
    await until(async () => (await waitingCodes(service)).length === 0, { what: "nothing waits" });
  }, 360_000);

  test.each([
    ["READONLY", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
    ["NOREPLICAS", ["CONFIG", "SET", "min-replicas-to-write", "1"], ["CONFIG", "SET", "min-replicas-to-write", "0"]],
  ] as const)(
    "it answers %s: nothing is committed until it takes writes again",
    async (_word, [trouble, ...first], [end, ...second]) => {
      const before = places.length;
      await scene.redis.call(trouble, ...first);
      await send(2000);
      await until(async () => (await waitingCodes(service)).includes("FR2002"), { timeoutMs: 60_000, what: "partitions wait" });
      expect(await scene.topics.committed(scene.group, scene.topic)).toBe(before);
      await scene.redis.call(end, ...second);
      await drained(scene, service, places.length);
    },
    270_000,
  );

  test("its memory is full: busting goes on", async () => {
    await scene.redis.call("CONFIG", "SET", "maxmemory", "1mb");
    await expect(scene.redis.set(`${scene.keyPrefix}probe`, "x")).rejects.toThrow(/OOM/);
    await send(2000);
    await drained(scene, service, places.length);
    await scene.redis.call("CONFIG", "SET", "maxmemory", "0");
  }, 270_000);

  test("at the end all entries are right, and no trouble of Redis made a dead letter", async () => {
    await send(SIZE.events);
    await drained(scene, service, act.workload.sent.length);
    expect(places).toHaveLength(act.workload.sent.length);
    expect((await act.differences()).slice(0, 20)).toEqual([]);
    const letters = await scene.topics.readAll(scene.deadLetterTopic);
    expect(checkDeadLetters({ letters, sent: act.workload.sent, places, expected: act.expected })).toMatchObject({
      wrong: [],
      missing: [],
    });
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 180_000);
});
