import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createKafkajsPort } from "@freshet/kafka";
import { seedRedis } from "@freshet/store";
import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type OwnDeployment, openDeployment } from "./own-deployment.js";
import { freshet, startByNpx, startFreshet } from "./process.js";

const deployment = freshPrefix("cli-run");
const topic = `${deployment}.products`;
const prefix = `${deployment}:page`;
const rules = `freshet: 1
sources:
  - { name: products, topic: ${topic}, format: cloudevents, space: catalog.product }
families:
  page: { key: "${prefix}:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - { name: any, source: products, bust: [{ family: page, with: { id: subject } }] }
`;

const redis = new Redis(testRedisUrl());
const kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
let own: OwnDeployment;
let env: OwnDeployment["env"];

beforeAll(async () => {
  own = await openDeployment(deployment, rules);
  env = own.env;
  await writeFile(join(own.folder, "broken.yaml"), rules.replace("family: page", "family: pgae").replace("ttl: 1h", "ttl: soon"));
  await kafka.createTopics([{ topic, partitions: 2, replicationFactor: 1, config: {} }]);
});
afterAll(async () => {
  await kafka.close();
  redis.disconnect();
  await own.close();
});

describe("freshet run", () => {
  test("an event published by hand busts the entry; SIGTERM ends it with 0, Ctrl-C with 130", async () => {
    expect((await freshet(["topics", "create"], env)).code).toBe(0);
    const seed = seedRedis(redis);
    const publish = (version: string) =>
      freshet(
        ["publish", "--topic", topic, "--space", "catalog.product", "--subject", "42", "--type", "product.updated", "--version", version],
        env,
      );
    for (const [signal, code, version] of [
      ["SIGTERM", 0, "8"],
      ["SIGINT", 130, "10"],
    ] as const) {
      await seed.putJson(`${prefix}:42`, { text: '{"version":"7"}', ttlMs: 60_000 });
      const service = startFreshet(["run"], env);
      expect((await publish(version)).code).toBe(0);
      await until(async () => !(await seed.has(`${prefix}:42`)), { timeoutMs: 90_000, what: "the bust" });
      const signalledMs = performance.now();
      service.child.kill(signal);
      expect((await service.ended).code).toBe(code);
      expect(performance.now() - signalledMs).toBeLessThan(15_000);
      for (const line of service.stdout().trimEnd().split("\n")) JSON.parse(line);
    }
  }, 270_000);

  test("a launcher that is killed takes the service with it", async () => {
    const service = startFreshet(["run"], env);
    await until(() => service.stdout().includes('"started"'), { timeoutMs: 90_000, what: "the service to listen" });
    service.child.kill("SIGKILL");
    await service.ended; // closed pipes: the second process is gone too
  }, 180_000);

  test("started by npx, which is gone at a signal and passes none on, it goes with it", async () => {
    const npx = startByNpx(["run"], env);
    await until(() => npx.stdout().includes('"started"'), { timeoutMs: 90_000, what: "the service to listen" });
    npx.child.kill("SIGKILL");
    await npx.ended; // closed pipes: the service is gone too
    expect(npx.stdout()).toContain('"msg":"stopped"');
  }, 180_000);

  test("refuses a rules file with findings: 2, all of them with their places", async () => {
    const { code, stderr } = await freshet(["run", "--rules", join(own.folder, "broken.yaml")], env);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^FR1003 the rules file has 2 findings/);
    expect(stderr).toMatch(/broken\.yaml:5:\d+ /);
    expect(stderr).toMatch(/broken\.yaml:7:\d+ /);
  });

  test("names everything that is not set: 2", async () => {
    const { code, stderr } = await freshet(["run"]);
    expect(code).toBe(2);
    for (const name of ["FRESHET_RULES", "FRESHET_KAFKA_BROKERS", "FRESHET_REDIS_URL"]) expect(stderr).toContain(name);
  });
});
