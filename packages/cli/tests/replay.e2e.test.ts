import { createServer } from "node:net";
import { createKafkajsPort } from "@freshet/kafka";
import type { Job } from "@freshet/replay";
import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { makeTopics, type PageDeployment, pageDeployment, pageEvent } from "./page-deployment.js";
import { freshet, type Running, startFreshet } from "./process.js";

const EVENTS = 3000;
const name = freshPrefix("cli-replay");
const topic = `${name}.products`;
const redis = new Redis(testRedisUrl());
const kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
const keys = Array.from({ length: EVENTS }, (_, at) => `${name}:page:${at}`);
let pages: PageDeployment;

beforeAll(async () => {
  pages = await pageDeployment(name);
  await makeTopics(kafka, [topic], 6);
  await makeTopics(kafka, [`freshet.dlq.${name}`, `freshet.jobs.${name}`, `freshet.audit.${name}`], 1);
  await kafka.produce(keys.map((_, at) => ({ topic, key: null, ...pageEvent(String(at)) })));
}, 180_000);

afterAll(async () => {
  await redis.unlink(keys);
  redis.disconnect();
  await kafka.close();
  await pages.close();
});

const history = ["replay", "history", "--topic", topic, "--from", "1h", "--to", "0s"];

async function fill(): Promise<void> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.set(key, '{"version":1}', "PX", 600_000);
  await pipeline.exec();
}

/** Runs where nobody reads what is said. */
function unread(argv: readonly string[]): Running["ended"] {
  const { child, ended } = startFreshet(argv, pages.env);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return ended;
}

async function begun(argv: readonly string[]): Promise<{ readonly running: Running; readonly id: string }> {
  const running = startFreshet(argv, pages.env);
  const idOf = () => /replay (\S+) runs/.exec(running.stderr())?.[1];
  await until(() => idOf() !== undefined, { timeoutMs: 90_000, what: "the replay runs" });
  return { running, id: idOf() ?? "" };
}

describe("a replay on the real Kafka and Redis", () => {
  test("Ctrl-C stops it cleanly and says how to go on: 130; resumed, it comes to its end", async () => {
    await fill();
    const { running, id } = await begun([...history, "--apply", "--rate", "150", "--json"]);
    await until(async () => (await redis.exists(...keys)) < EVENTS, { timeoutMs: 60_000, what: "it removes" });
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stdout: JSON.parse(stdout) }).toMatchObject({ code: 130, stdout: { id, status: "stopped", runner: null } });
    expect(stderr).toContain(`it can go on where it was: freshet replay resume ${id} --deployment ${name}`);
    const stopped = JSON.parse(stdout) as Job;
    expect(stopped.counts.records.chosen).toBeLessThan(EVENTS);
    expect(await redis.exists(...keys)).toBe(EVENTS - stopped.counts.keys.removed);

    const resumed = await freshet(["replay", "resume", id, "--json"], pages.env);
    expect(resumed.code).toBe(0);
    const done = JSON.parse(resumed.stdout) as Job;
    expect(done).toMatchObject({ status: "done", runs: 2, counts: { keys: { removed: EVENTS } } });
    expect(done.counts.keys).toEqual(done.planned.keys);
    expect(await redis.exists(...keys)).toBe(0);
    expect((await freshet(["replay", "resume", id], pages.env)).code).toBe(2);
  }, 270_000);

  test("abort ends it from elsewhere; a second process is refused meanwhile: 4", async () => {
    await fill();
    const { running, id } = await begun([...history, "--apply", "--rate", "40"]);
    await until(async () => (await redis.exists(...keys)) < EVENTS, { timeoutMs: 60_000, what: "it removes" });
    const second = await freshet(["replay", "resume", id], pages.env);
    expect({ code: second.code, told: second.stderr }).toEqual({ code: 4, told: expect.stringContaining(`somebody works on job ${id}`) });
    const aborted = await freshet(["replay", "abort", id, "--because", "INC-1", "--json"], pages.env);
    expect({ code: aborted.code, status: JSON.parse(aborted.stdout).status }).toEqual({ code: 0, status: "aborted" });
    const { code, stdout } = await running.ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(`job      ${id} aborted`) });
    expect((await kafka.describeGroup(`freshet-replay-${name}-${id}`)).state).toBe("missing");
    expect(await redis.exists(...keys)).toBeGreaterThan(0);
  }, 270_000);

  test("a SIGKILL leaves little more than a second's worth uncounted, and it begins no faster than it goes on", async () => {
    await fill();
    const gone = async (): Promise<number> => EVENTS - (await redis.exists(...keys));
    const { running, id } = await begun([...history, "--apply", "--rate", "100"]);
    await until(async () => (await gone()) > 0, { timeoutMs: 60_000, what: "it removes" });
    const sinceMs = performance.now();
    const before = await gone();
    await until(async () => (await gone()) >= 400, { timeoutMs: 60_000, what: "it goes on" });
    // Three seconds, but where the first look came late.
    expect(performance.now() - sinceMs).toBeGreaterThan((400 - Math.max(before, 100)) * 10);
    running.child.kill("SIGKILL");
    await running.ended;
    const { counts } = JSON.parse((await freshet(["replay", "status", id, "--json"], pages.env)).stdout) as Job;
    expect((await gone()) - counts.keys.removed).toBeLessThanOrEqual(175);
  }, 270_000);

  test.each([
    ["replay history", [...history, "--json"]],
    ["replay dlq", ["replay", "dlq"]],
    ["replay status", ["replay", "status"]],
    ["dlq stats", ["dlq", "stats"]],
    ["bust", ["bust", "--key", `${name}:page:0`, "--family", "page", "--yes"]],
  ])(
    "%s: readers of stdout and stderr that go away are no error",
    async (_name, argv) => {
      expect((await unread(argv)).code).toBe(0);
    },
    180_000,
  );

  test("a job whose readers go away is done all the same", async () => {
    await fill();
    expect((await unread([...history, "--apply", "--rate", "max", "--bust-rate", "max"])).code).toBe(0);
    expect(await redis.exists(...keys)).toBe(0);
  }, 180_000);
});

describe("a replay without Kafka or Redis", () => {
  const NOWHERE = "127.0.0.1:1";

  test("Kafka unreachable: 5, in time", async () => {
    const { code, stderr, ms } = await freshet(history, { ...pages.env, FRESHET_KAFKA_BROKERS: NOWHERE });
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringMatching(/^FR3001 .+\n {2}fix: .+\n$/) });
    expect(ms).toBeLessThan(30_000);
  }, 90_000);

  test("a broker that never answers: 5, in time", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).resume()).listen(0, "127.0.0.1");
    await until(() => server.listening);
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const commands = [history, ["replay", "dlq"], ["replay", "status"]];
    const silent = { ...pages.env, FRESHET_KAFKA_BROKERS: `127.0.0.1:${port}` };
    for (const { code, stderr, ms } of await Promise.all(commands.map((argv) => freshet(argv, silent)))) {
      expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringMatching(/^FR3001 .+\n {2}fix: .+\n$/) });
      expect(ms).toBeLessThan(40_000);
    }
    server.close();
  }, 180_000);

  test("Redis unreachable: 5, in time, and nothing is changed", async () => {
    const { code, stderr, ms } = await freshet(history, { ...pages.env, FRESHET_REDIS_URL: `redis://${NOWHERE}` });
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringMatching(/^FR2001 .+\n {2}fix: .+\n$/) });
    expect(ms).toBeLessThan(30_000);
  }, 180_000);
});
