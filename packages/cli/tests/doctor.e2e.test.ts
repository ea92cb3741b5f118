import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import { freshPrefix, type OwnKafka, type OwnRedis, startKafka, startRedis, until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import kafkajs from "kafkajs";
import { freshet, startFreshet } from "./process.js";

const ESCAPE = String.fromCharCode(27);
const RULES = "services/example-shop/rules.yaml";
const deployment = freshPrefix("doctor");
const group = `freshet-${deployment}`;
const deadLetters = `freshet.dlq.${deployment}`;
let kafka: OwnKafka;
let redis: OwnRedis;
let admin: kafkajs.Admin;
let port: KafkaPort;
let root: Redis;
let env: Readonly<Record<string, string>>;

interface Report {
  readonly verdict: string;
  readonly checks: readonly { readonly name: string; readonly outcome: string; readonly seen: string }[];
  readonly findings: readonly { readonly name: string; readonly subject: string; readonly problem: string; readonly code: string | null }[];
}

beforeAll(async () => {
  const properties = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
  };
  [kafka, redis] = await Promise.all([startKafka({ heapMb: 256, properties }), startRedis()]);
  root = new Redis(redis.url);
  admin = new kafkajs.Kafka({ brokers: [kafka.broker], clientId: "doctor-test", logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  env = { FRESHET_DEPLOYMENT: deployment, FRESHET_KAFKA_BROKERS: kafka.broker, FRESHET_REDIS_URL: redis.url, FRESHET_RULES: RULES };
  expect((await freshet(["topics", "create"], env)).code).toBe(0);
  port = createKafkajsPort({ brokers: [kafka.broker], clientId: "doctor-test", clock: { nowMs: () => Date.now() } });
  const topics = ["shop.products", "shop.tenants"];
  await port.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  await until(async () => (await port.describeTopics(topics)).length === topics.length, { timeoutMs: 60_000 });
}, 360_000);
afterEach(async () => {
  await root.config("SET", "maxmemory-policy", "noeviction");
});
afterAll(async () => {
  root.disconnect();
  await port.close();
  await admin.disconnect();
  await Promise.all([kafka.close(), redis.close()]);
});

async function doctor(more: Readonly<Record<string, string>> = {}): Promise<{ code: number | null; report: Report }> {
  const { code, stdout, stderr } = await freshet(["doctor", "--json"], { ...env, ...more });
  expect(stderr).toBe("");
  return { code, report: JSON.parse(stdout) as Report };
}

/** And waits until brokers have heard of it. */
async function setTopic(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }] });
  const heard = async (): Promise<boolean> => {
    const [found] = (await port.inspect([topic], group)).topics;
    return Object.entries(settings).every(([name, value]) => found?.settings?.get(name) === value);
  };
  await until(heard, { timeoutMs: 60_000 });
}

describe("freshet doctor, on a real Kafka and a real Redis, without a service", () => {
  test("a new deployment has notes only; the consumer group is not made, and nothing is left in Redis", async () => {
    const { code, report } = await doctor();
    expect(report.findings.map(({ name }) => name).filter((name) => !["producer-timestamps", "bounds-unpublished"].includes(name))).toEqual(
      [],
    );
    expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: "ok" });
    expect(report.checks.every(({ outcome }) => outcome === "ok")).toBe(true);
    expect(await root.keys("*")).toEqual([]);
    expect((await admin.listGroups()).groups).toEqual([]);
  }, 180_000);

  test("settings of topics: retention, clean-up, replicas, size", async () => {
    await setTopic("shop.products", { "retention.ms": "3600000", "max.message.bytes": "4000000" });
    await setTopic(deadLetters, { "cleanup.policy": "compact", "min.insync.replicas": "2", "retention.ms": "1209600000" });
    const { code, report } = await doctor();
    await setTopic("shop.products", {});
    await setTopic(deadLetters, { "max.message.bytes": "1114124", "retention.ms": "1209600000" });
    const found = report.findings.map(({ name, subject }) => `${name} ${subject}`);
    expect(found).toEqual(
      expect.arrayContaining([
        "retention-short shop.products",
        `dead-letters-compacted ${deadLetters}`,
        `replication-impossible ${deadLetters}`,
        `dead-letters-too-small ${deadLetters}`,
      ]),
    );
    expect(code).toBe(3);
  }, 180_000);

  test("rights that brokers do not give, without trying them", async () => {
    const { AclOperationTypes: operations, AclPermissionTypes: permissions, AclResourceTypes: resources } = kafkajs;
    const everywhere = { host: "*", permissionType: permissions.ALLOW, resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL };
    const us = { ...everywhere, principal: "User:ANONYMOUS" };
    const onLetters = { ...us, resourceType: resources.TOPIC, resourceName: deadLetters };
    const others = { ...everywhere, principal: "User:somebody", resourceType: resources.TOPIC, resourceName: "shop.tenants" };
    const acl = [
      { ...others, operation: operations.READ },
      { ...onLetters, operation: operations.DESCRIBE },
      { ...onLetters, operation: operations.DESCRIBE_CONFIGS },
      { ...us, resourceType: resources.GROUP, resourceName: group, operation: operations.DESCRIBE },
    ];
    await admin.createAcls({ acl });
    // Brokers take a moment to hear of it; group and topics come one after the other.
    const heard = async (): Promise<boolean> => {
      const { topics, groupRights } = await port.inspect([deadLetters, "shop.tenants"], group);
      return groupRights?.has("READ") === false && topics[0]?.rights?.has("WRITE") === false && topics[1]?.state === "forbidden";
    };
    await until(heard, { timeoutMs: 60_000 });
    const { code, report } = await doctor();
    const lacking = report.findings.filter(({ code: kind }) => kind === "FR3006").map(({ name, subject }) => `${name} ${subject}`);
    expect(lacking).toEqual(
      expect.arrayContaining(["topic-forbidden shop.tenants", `topic-rights ${deadLetters}`, `group-rights ${group}`]),
    );
    expect(report.findings.find(({ name }) => name === "topic-rights")?.problem).toContain("needs WRITE on it");
    expect(code).toBe(3);
    await admin.deleteAcls({ filters: acl });
  }, 180_000);

  test("a Redis that evicts, and a user that may not run what busts need", async () => {
    await root.config("SET", "maxmemory-policy", "allkeys-lru");
    const evicts = await doctor();
    expect(evicts.report.findings.map(({ name }) => name)).toContain("redis-eviction");
    expect(evicts.code).toBe(3);
    await root.config("SET", "maxmemory-policy", "noeviction");
    await root.call("ACL", "SETUSER", "weak", "reset", "on", ">secret-of-weak", "~*", "+@all", "-unlink", "-zadd");
    const weak = await doctor({ FRESHET_REDIS_USERNAME: "weak", FRESHET_REDIS_PASSWORD: "secret-of-weak" });
    expect(weak.report.findings.find(({ name }) => name === "redis-rights")?.problem).toContain("zadd, unlink");
    expect(weak.code).toBe(3);
  }, 180_000);

  test("NO_COLOR or not, text is plain and fits; a reader that goes away is no error", async () => {
    const { stdout } = await freshet(["doctor"], env);
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout.split("\n").filter((line) => line.length > 80 && !line.includes(deployment))).toEqual([]);
    const running = startFreshet(["doctor"], env);
    running.child.stdout?.destroy();
    expect((await running.ended).code).toBe(0);
  }, 180_000);
});

test("peers that accept connections and never answer: 5, in bounded time, and each is named", async () => {
  const mute = createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((resolve) => mute.once("listening", resolve));
  const address = mute.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const peers = { FRESHET_KAFKA_BROKERS: `127.0.0.1:${port}`, FRESHET_REDIS_URL: `redis://127.0.0.1:${port}` };
  const { code, stdout, ms } = await freshet(["doctor", "--json"], { ...env, ...peers });
  mute.close();
  const report = JSON.parse(stdout) as Report;
  expect(report.findings.map(({ name }) => name)).toEqual(["kafka-unreachable", "redis-unreachable"]);
  expect(report.checks.find(({ name }) => name === "rules")?.outcome).toBe("ok");
  expect({ code, isBounded: ms < 45_000 }).toEqual({ code: 5, isBounded: true });
}, 180_000);

test("a bundle of the real thing names versions and holds no password", async () => {
  await root.call("ACL", "SETUSER", "bundled", "reset", "on", ">bundled-hunter2", "~*", "+@all");
  const folder = mkdtempSync(join(tmpdir(), "bundle-"));
  const file = join(folder, "bundle.json");
  const login = { FRESHET_REDIS_URL: redis.url.replace("redis://", "redis://bundled:bundled-hunter2@") };
  const { code, stdout } = await freshet(["support-bundle", "--out", file, "--json"], { ...env, ...login });
  expect({ code, told: JSON.parse(stdout) }).toMatchObject({ code: 0, told: { file, verdict: "ok" } });
  const text = readFileSync(file, "utf8");
  expect(text).not.toContain("bundled-hunter2");
  expect(JSON.parse(text)).toMatchObject({
    versions: {
      kafkajs: "2.2.4",
      ioredis: expect.stringMatching(/^\d+\./),
      kafka: expect.stringContaining("Kafka"),
      redis: expect.stringMatching(/^redis \d/),
    },
    deadLetters: { wanted: 0 },
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await freshet(["support-bundle", "--out", file], { ...env, ...login })).code).toBe(2);
  rmSync(folder, { recursive: true });
}, 180_000);
