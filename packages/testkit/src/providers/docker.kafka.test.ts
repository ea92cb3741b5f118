import { createKafkajsPort } from "@freshet/kafka";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { isDockerRequired } from "../config.js";
import { freshPrefix, freshTopic } from "../fresh.js";
import { until } from "../until.js";
import { dockerProvider, findImages } from "./docker.js";
import type { Provision } from "./provision.js";

const START_TIMEOUT_MS = 240_000;
const quiet = (): void => undefined;

const missing = await findImages(quiet).then(
  () => null,
  (error: Error) => error.message,
);
// Where nothing says that Docker must be there, a machine without it leaves this out and says why.
const isLeftOut = missing !== null && !isDockerRequired();
const describeHere = isLeftOut ? describe.skip : describe;

describeHere(`testcontainers${isLeftOut ? ` (left out: ${missing})` : ""}`, () => {
  let provision: Provision | null = null;
  const servers = (): Provision => {
    if (provision === null) throw new Error("the containers are not up");
    return provision;
  };

  beforeAll(async () => {
    provision = await dockerProvider.provide(quiet);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await provision?.close();
    await provision?.close(); // twice is fine
  }, START_TIMEOUT_MS);

  test("a Redis that answers, with nothing in it", async () => {
    const redis = new Redis(servers().redis);
    try {
      expect(await redis.ping()).toBe("PONG");
      expect(await redis.dbsize()).toBe(0);
    } finally {
      redis.disconnect();
    }
  });

  test("a broker that gives back what it was given, at the port it advertises", async () => {
    const port = createKafkajsPort({ brokers: [servers().kafka], clientId: "freshet-docker", clock: { nowMs: () => Date.now() } });
    const topic = freshTopic();
    const received: string[] = [];
    try {
      expect(await port.createTopics([{ topic, partitions: 1, replicationFactor: -1, config: {} }])).toEqual([topic]);
      await port.produce([{ topic, key: Buffer.from("product/1"), value: Buffer.from("version 2"), headers: [] }]);
      await port.consume({
        group: freshPrefix("group"),
        topics: [topic],
        onBatch: async ({ records }, control) => {
          received.push(...records.map(({ value }) => Buffer.from(value ?? []).toString()));
          control.ended(records.at(-1)?.offset ?? -1);
          return { kind: "done" };
        },
      });
      await until(() => received.length > 0, { timeoutMs: 30_000, what: "the record comes back" });
      expect(received).toEqual(["version 2"]);
    } finally {
      await port.close();
    }
  }, 180_000);

  test("a broker that makes no topic by itself", async () => {
    const port = createKafkajsPort({ brokers: [servers().kafka], clientId: "freshet-docker", clock: { nowMs: () => Date.now() } });
    const topic = freshTopic("never-made");
    try {
      await expect(port.produce([{ topic, key: null, value: Buffer.from("lost"), headers: [] }])).rejects.toThrow();
      expect(await port.describeTopics([topic])).toEqual([]);
    } finally {
      await port.close();
    }
  }, 180_000);
});
