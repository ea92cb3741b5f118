import { createKafkajsPort } from "@freshet/kafka";
import { encodeCloudEvent, parseVersion } from "@freshet/protocol";
import { type Explanation, explanationSchema } from "@freshet/replay";
import { seedRedis } from "@freshet/store";
import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type OwnDeployment, openDeployment } from "./own-deployment.js";
import { freshet, startFreshet } from "./process.js";

const NOWHERE = "127.0.0.1:1";
const deployment = freshPrefix("cli-explain");
const topic = `${deployment}.products`;
const key = `${deployment}:42`;
const rules = `freshet: 1
bounds: { lease: 1s, lag: 500ms, skew: 250ms, fill: 1s }
sources:
  - { name: products, topic: ${topic}, format: cloudevents, space: catalog.product }
families:
  product: { key: "${deployment}:{id}", ttl: 1h }
rules:
  - { name: any, source: products, when: 'data.price > 5', bust: [{ family: product, with: { id: subject } }] }
`;

const redis = new Redis(testRedisUrl());
const kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
const seed = seedRedis(redis);
let own: OwnDeployment;
let env: OwnDeployment["env"];

beforeAll(async () => {
  own = await openDeployment(deployment, rules);
  env = own.env;
  const names = [topic, ...["dlq", "audit", "jobs", "applied"].map((name) => `freshet.${name}.${deployment}`)];
  const config = { "max.message.bytes": "2000000" };
  await kafka.createTopics(
    names.map((name) => ({ topic: name, partitions: 1, replicationFactor: 1, config: name === topic ? {} : config })),
  );
});
afterAll(async () => {
  await redis.del(key);
  await kafka.close();
  redis.disconnect();
  await own.close();
});

async function send(version: string, data: object): Promise<void> {
  const event = { id: "1", source: "test", type: "product.updated", subject: "42", version, time: new Date().toISOString() };
  await kafka.produce([{ topic, ...encodeCloudEvent({ ...event, data: JSON.stringify(data) }) }]);
}

async function put(text: string): Promise<void> {
  const version = parseVersion(text);
  const deps = new Map(version === null ? [] : [["catalog.product/42", version]]);
  await seed.putManaged(key, { value: "a secret", deps, ttlMs: 120_000 });
}

async function explained(): Promise<Explanation> {
  const { code, stdout, stderr } = await freshet(["explain", key, "--family", "product", "--json"], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).not.toContain("secret");
  return explanationSchema.parse(JSON.parse(stdout));
}

const firstOf = ({ answer, events }: Explanation) => ({
  answer: answer.text,
  verdict: events?.list[0]?.verdict,
  letter: events?.list[0]?.letter,
});

describe("explain, on the real Kafka and Redis", () => {
  test("tells the story of an entry, whether the service runs or not", async () => {
    await put("7");
    expect(firstOf(await explained()).answer).toBe("fresh: no event of the last 1h says otherwise");
    await send("8", { price: 9 });
    const place = (offset: number, version: string) => `${topic} 0/${offset} (catalog.product/42 version ${version})`;
    expect(firstOf(await explained())).toEqual({
      answer: `stale because ${place(0, "8")} is not yet consumed`,
      verdict: "not yet consumed",
      letter: null,
    });

    const service = startFreshet(["run"], env);
    await until(async () => !(await seed.has(key)), { timeoutMs: 90_000, what: "the bust" });
    await until(async () => (await kafka.committed(`freshet-${deployment}`, [topic]))[0]?.offset === 1, {
      timeoutMs: 60_000,
      what: "the commit",
    });
    const removed = firstOf(await explained());
    expect(removed).toMatchObject({ verdict: "removed" });
    expect(removed.answer).toMatch(
      /^absent because (it was busted at .+ \(catalog\.product\/42 version 8\)|.+ removed it, or nothing was there)/,
    );

    await put("8");
    await send("9", {});
    const ends = () => kafka.offsets([`freshet.dlq.${deployment}`]);
    await until(async () => (await ends()).some(({ latest }) => latest > 0), { timeoutMs: 60_000, what: "the dead letter" });
    const dead = firstOf(await explained());
    expect(dead).toMatchObject({ verdict: "dead-lettered", letter: { id: "0-0", reason: "rule_error", resolved: false } });
    expect(dead.answer).toContain(`stale because ${place(1, "9")} was dead-lettered: rule_error: rule any: `);

    service.child.kill("SIGTERM");
    expect((await service.ended).code).toBe(0);
    const before = await kafka.committed(`freshet-${deployment}`, [topic]);
    const { events } = await explained();
    expect(events?.list.map(({ verdict }) => verdict)).toEqual(["dead-lettered", "covered"]);
    expect(await kafka.committed(`freshet-${deployment}`, [topic])).toEqual(before);
  }, 360_000);

  test("Redis unreachable: 5, with the events; Kafka unreachable: 5, with the state", async () => {
    const argv = ["explain", key, "--family", "product"];
    const noRedis = await freshet(argv, { ...env, FRESHET_REDIS_URL: `redis://${NOWHERE}` });
    expect(noRedis.code).toBe(5);
    expect(noRedis.stderr).toMatch(/^FR2001 .+\n {2}fix: .+\n$/);
    expect(noRedis.stdout).toMatch(/^unknown: Redis could not be asked\n/);
    expect(noRedis.stdout).toContain("newest first:");
    const noKafka = await freshet(argv, { ...env, FRESHET_KAFKA_BROKERS: NOWHERE });
    expect(noKafka.code).toBe(5);
    expect(noKafka.stderr).toMatch(/^FR3001 .+\n {2}fix: .+\n$/);
    expect(noKafka.stdout).toContain("rules that can touch it:");
    expect(noKafka.stdout).toContain("catalog.product/42");
    expect(noKafka.ms).toBeLessThan(25_000);
  }, 180_000);

  test("a reader that goes away is no error", async () => {
    const running = startFreshet(["explain", key, "--family", "product"], { ...env, NO_COLOR: "1" });
    running.child.stdout?.destroy();
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }, 90_000);
});
