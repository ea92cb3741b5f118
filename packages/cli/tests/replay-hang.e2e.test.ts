import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import { freshPrefix, type OwnKafka, startKafka, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { makeTopics, type PageDeployment, pageDeployment, pageEvent } from "./page-deployment.js";
import { freshet, startFreshet } from "./process.js";

const EVENTS = 3000;
const name = freshPrefix("cli-hang");
const redis = new Redis(testRedisUrl());
const keys = Array.from({ length: EVENTS }, (_, at) => `${name}:page:${at}`);
let broker: OwnKafka;
let kafka: KafkaPort;
let pages: PageDeployment;

beforeAll(async () => {
  broker = await startKafka();
  kafka = createKafkajsPort({ brokers: [broker.broker], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
  pages = await pageDeployment(name, broker.broker);
  await makeTopics(kafka, [pages.topic, `freshet.dlq.${name}`, `freshet.jobs.${name}`, `freshet.audit.${name}`], 1);
  await kafka.produce(keys.map((_, at) => ({ topic: pages.topic, key: null, ...pageEvent(String(at)) })));
}, 360_000);

beforeEach(async () => {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.set(key, '{"version":1}', "PX", 600_000);
  await pipeline.exec();
});

afterEach(() => broker.resume());

afterAll(async () => {
  await redis.unlink(keys);
  redis.disconnect();
  await kafka.close();
  await pages.close();
  await broker.close();
});

const history = () => ["replay", "history", "--topic", pages.topic, "--from", "1h", "--to", "0s", "--apply", "--rate", "150", "--json"];

/** A replay in the middle of its job, and a broker that keeps its connections and says nothing any more. */
async function hanging() {
  const running = startFreshet(history(), pages.env);
  await until(async () => (await redis.exists(...keys)) < EVENTS, { timeoutMs: 120_000, what: "it removes" });
  broker.pause();
  return { running, sinceMs: performance.now(), id: /replay (\S+) runs/.exec(running.stderr())?.[1] ?? "" };
}

describe("a broker that hangs in the middle of a replay", () => {
  test("ends it in about 20 s, with what is to do; it is resumed where it was", async () => {
    const { running, sinceMs, id } = await hanging();
    const { code, stderr } = await running.ended;
    const ms = performance.now() - sinceMs;
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining(`freshet replay resume ${id}`) });
    expect(stderr).toMatch(/\nFR3001 .+\n {2}fix: .+\n$/);
    expect(ms).toBeLessThan(25_000);
    broker.resume();
    const { code: resumed, stdout, stderr: why } = await freshet(["replay", "resume", id, "--json"], pages.env);
    expect({ resumed, why: resumed === 0 ? "" : why }).toEqual({ resumed: 0, why: "" });
    expect(JSON.parse(stdout)).toMatchObject({ status: "done" });
    expect(await redis.exists(...keys)).toBe(0);
  }, 450_000);

  test("does not hold somebody up for long who presses Ctrl-C", async () => {
    const { running, id } = await hanging();
    const sinceMs = performance.now();
    running.child.kill("SIGINT");
    const { stderr } = await running.ended;
    expect(performance.now() - sinceMs).toBeLessThan(15_000);
    expect(stderr).toContain(`freshet replay resume ${id}`);
  }, 300_000);
});
