import { type FaultProxy, startFaultProxy, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, describe, expect, test } from "@jest/globals";
import { useActs } from "./acts.js";
import { checkDeadLetters } from "./dead-letters.js";
import { drained, stopped } from "./scene.js";

const SIZE = { events: 60_000, products: 8_000, partitions: 6 };
const STOPS = 3;
const STOP_MS_MAX = 15_000;

describe("SIGTERM under load", () => {
  const openAct = useActs();
  let proxy: FaultProxy | null = null;
  afterAll(() => proxy?.close());

  test(`exit 0 within 15 s, ${STOPS} times in the middle of a backlog, and the next process goes on exactly there`, async () => {
    const { scene, act } = await openAct({ name: "sigterm", size: SIZE, entriesPerKind: SIZE.products });
    const { sent } = act.workload;
    const places = await scene.topics.send(scene.topic, sent);

    // Redis by way of this process: while it stands still, so does the backlog.
    proxy = await startFaultProxy({ to: new URL(testRedisUrl()).host });
    proxy.set({ kind: "delay", ms: 20 });
    for (let stop = 0; stop < STOPS; stop++) {
      const service = await scene.start({ env: { FRESHET_REDIS_URL: `redis://${proxy.address}` } });
      await until(async () => (await service.metric("freshet_events_total")) > 0, { timeoutMs: 90_000, what: "the process takes records" });
      const termedMs = Date.now();
      expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
      expect(Date.now() - termedMs).toBeLessThan(STOP_MS_MAX);
    }
    const committed = await scene.topics.committed(scene.group, scene.topic);
    expect(committed).toBeGreaterThan(0);
    expect(committed).toBeLessThan(sent.length); // or there was no load any more
    const last = await scene.start();
    await drained(scene, last, sent.length);

    expect(await last.metric("freshet_events_total")).toBe(sent.length - committed);
    expect((await act.differences()).slice(0, 20)).toEqual([]);
    const letters = await scene.topics.readAll(scene.deadLetterTopic);
    expect(checkDeadLetters({ letters, sent, places, expected: act.expected })).toEqual({
      wrong: [],
      missing: [],
      letters: act.expected.counts.dead,
    });
  }, 720_000);
});
