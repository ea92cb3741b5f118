import { setTimeout as pause } from "node:timers/promises";
import { startRedis } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { stopped } from "../scene.js";
import { openSecureBench, sendAndSee } from "../security/secure-bench.js";

/** How long a login is good for; kafkajs logs in again ten seconds before its end. */
const LOGIN_MS = 15_000;
const LASTS_MS = 120_000;
const PAUSE_MS = 500;
const SLOWEST_MS = 10_000;

const tell = (text: string): void => void process.stdout.write(`login-again  ${text}\n`);

test("logins that end every few seconds: connections log in again, under way, and no record waits for it", async () => {
  const redis = await startRedis();
  const bench = await openSecureBench({ properties: { "connections.max.reauth.ms": String(LOGIN_MS) }, redisUrl: redis.url });
  try {
    const service = await bench.scene.start({ env: bench.env });
    await sendAndSee(bench, service, "first");
    const joins = await service.metric("freshet_rebalances_total");
    const beganMs = performance.now();
    let slowestMs = 0;
    let events = 0;
    while (performance.now() - beganMs < LASTS_MS) {
      const sentMs = performance.now();
      await sendAndSee(bench, service, `event-${events++}`);
      slowestMs = Math.max(slowestMs, performance.now() - sentMs);
      await pause(PAUSE_MS);
    }
    tell(
      `${events} events in ${LASTS_MS / 1000} s, in which each login ended ${LASTS_MS / LOGIN_MS} times; the slowest took ${slowestMs.toFixed(0)} ms`,
    );
    expect(slowestMs).toBeLessThan(SLOWEST_MS);
    expect(await service.metric("freshet_rebalances_total")).toBe(joins);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    tell("held");
  } finally {
    await bench.close();
    await redis.close();
  }
}, 600_000);
