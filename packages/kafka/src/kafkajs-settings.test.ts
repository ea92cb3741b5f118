import { createServer, type Socket } from "node:net";
import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { defaultTiming } from "./consumption-state.js";
import { clientConfig, consumerRetry, consumerSettings, producerSettings, retry } from "./kafkajs-settings.js";

const { sessionTimeout = 0, rebalanceTimeout = 0, heartbeatInterval = 0, maxWaitTimeInMs = 0 } = consumerSettings;

describe("times fit each other", () => {
  test("a pause between tries never outlives the session, whose heartbeats stop meanwhile", () => {
    expect(consumerRetry.maxRetryTime).toBeLessThanOrEqual(sessionTimeout / 4);
    expect(retry.maxRetryTime).toBeLessThanOrEqual(sessionTimeout / 4);
    expect(heartbeatInterval * 3).toBeLessThan(sessionTimeout);
    expect(maxWaitTimeInMs).toBeLessThanOrEqual(500);
  });

  test("handlers have ended before the group goes on without them, and a frozen one is found after that", () => {
    expect(defaultTiming.batchDeadlineMs).toBeLessThan(rebalanceTimeout);
    expect(defaultTiming.stallMs).toBeGreaterThan(defaultTiming.batchDeadlineMs);
    expect(defaultTiming.heartbeatIntervalMs).toBeLessThanOrEqual(heartbeatInterval);
  });
});

describe("what kafkajs would do by itself is switched off", () => {
  test("its retries of consumers and producers are ours, not its own defaults", () => {
    expect(consumerSettings.retry).toMatchObject(consumerRetry);
    expect(producerSettings.retry).toMatchObject({ maxRetryTime: retry.maxRetryTime, retries: 5 });
  });

  test("it makes no topics, reads no uncommitted records, asks no followers and looks for partitions often", () => {
    expect(consumerSettings).toMatchObject({ allowAutoTopicCreation: false, readUncommitted: false });
    expect(Object.keys(consumerSettings)).not.toContain("rackId");
    expect(producerSettings.allowAutoTopicCreation).toBe(false);
    expect([consumerSettings.metadataMaxAge, producerSettings.metadataMaxAge]).toEqual([30_000, 30_000]);
    expect(Object.keys(producerSettings)).not.toContain("idempotent");
  });

  test("a consumer that crashed is not restarted by it", async () => {
    expect(await consumerSettings.retry?.restartOnFailure?.(new Error("a crash"))).toBe(false);
  });
});

test("a socket that a broker keeps silent on is closed, after kafkajs has heard of it", async () => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { socketFactory } = clientConfig({ brokers: ["x:1"], clientId: "c" }, retry);
  const socket = socketFactory?.({ host: "127.0.0.1", port, ssl: undefined as never, onConnect: () => undefined });
  if (socket === undefined) throw new Error("no socket");
  await until(() => accepted.length === 1);
  expect(socket.timeout).toBe(45_000);
  let heard = false;
  socket.on("timeout", () => {
    heard = !socket.destroyed; // kafkajs' own listener comes after ours
  });
  socket.emit("timeout");
  await until(() => socket.destroyed);
  expect(heard).toBe(true);
  for (const one of accepted) one.destroy();
  await new Promise((resolve) => server.close(resolve));
});
