import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freshPrefix, type OwnRedis, startRedis, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openScene, type Scene } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";

const USERS = join(import.meta.dirname, "..", "..", "..", "infra", "redis", "users.acl");
const AGE = "freshet_canary_age_seconds";
const BACK = "freshet_canary_duration_seconds_count";
const FAILED = "freshet_canary_failures_total";

/** Two processes under the Redis user of `infra/redis/users.acl`, on a broker and a Redis that are real. */
describe("the canary on real Kafka and Redis", () => {
  let redis: OwnRedis;
  let scene: Scene;
  let services: readonly ServiceProcess[];

  beforeAll(async () => {
    redis = await startRedis({ args: ["--appendonly", "yes"] });
    const name = freshPrefix("canary");
    scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: redis.url, partitions: 1 });
    await scene.topics.create({ [`freshet.canary.${name}`]: { partitions: 1 } });
    const env = { FRESHET_CANARY_SECONDS: "1", FRESHET_REDIS_USERNAME: "freshet-invalidator", FRESHET_REDIS_PASSWORD: "canary" };
    await addUser();
    services = [await scene.start({ env }), await scene.start({ env })];
  }, 180_000);

  afterAll(async () => {
    await scene?.close();
    await redis?.close();
  });

  async function addUser(): Promise<void> {
    const line = readFileSync(USERS, "utf8")
      .split("\n")
      .find((one) => one.startsWith("user freshet-invalidator "));
    const own = { "~fr:*": `~${scene.keyPrefix}fr:*`, "~cache:*": `~${scene.keyPrefix}page:*` };
    const words = (line ?? "")
      .split(" ")
      .slice(2)
      .map((word) => Object.entries(own).find(([from]) => from === word)?.[1] ?? word);
    await scene.redis.call("ACL", "SETUSER", "freshet-invalidator", ...words, ">canary");
  }

  async function each(name: string, isRight: (value: number) => boolean): Promise<void> {
    const isEach = async () => (await Promise.all(services.map((service) => service.metric(name)))).every(isRight);
    await until(isEach, { what: `${name} is right`, timeoutMs: 60_000 }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${services.map((service) => service.output().slice(-1500)).join("\n")}`);
    });
  }

  test("comes back to both processes, and leaves nothing at their sources", async () => {
    await each(BACK, (count) => count >= 2);
    expect(await scene.topics.committed(scene.group, scene.topic)).toBeLessThanOrEqual(0);
    await each(AGE, (seconds) => seconds < 10);
  }, 270_000);

  test("fails while Redis is gone, and goes on by itself", async () => {
    const before = await Promise.all(services.map((service) => service.metric(FAILED)));
    await redis.stop();
    await each(FAILED, (count) => count > Math.max(...before));
    await each(AGE, (seconds) => seconds > 2);
    await redis.restart();
    await until(async () => (await scene.redis.ping()) === "PONG", { what: "Redis is back" });
    await addUser(); // an access list lives in the server, not in its log
    await each(AGE, (seconds) => seconds < 2);
  }, 450_000);
});
