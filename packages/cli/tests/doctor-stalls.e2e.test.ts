import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafkajsPort } from "@freshet/kafka";
import { freePort, freshPrefix, type OwnKafka, type OwnRedis, startKafka, startRedis } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { freshet } from "./process.js";

const RULES = "services/example-shop/rules.yaml";
const PASSWORD = "hunter2-of-stalls";
const deployment = freshPrefix("stalls").replaceAll(":", "-");
/** Requests of Kafka's protocol by their numbers; each is asked for in another step of the doctor. */
const requests = { Fetch: 1, ListOffsets: 2, Metadata: 3, FindCoordinator: 10, DescribeConfigs: 32 } as const;

let kafka: OwnKafka;
let redis: OwnRedis;
const proxies: Server[] = [];
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  const [brokerPort, proxyPort] = [await freePort(), await freePort()];
  await listening(passing(brokerPort, isSwallowedRequest), proxyPort);
  const advertised = { "advertised.listeners": `PLAINTEXT://127.0.0.1:${proxyPort}` };
  [kafka, redis] = await Promise.all([
    startKafka({ port: brokerPort, heapMb: 256, properties: advertised }),
    startRedis({ args: ["--requirepass", PASSWORD] }),
  ]);
  env = {
    FRESHET_DEPLOYMENT: deployment,
    FRESHET_KAFKA_BROKERS: `127.0.0.1:${proxyPort}`,
    FRESHET_REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:${redis.port}`,
    FRESHET_RULES: RULES,
  };
  const port = createKafkajsPort({ brokers: [`127.0.0.1:${proxyPort}`], clientId: "stalls", clock: { nowMs: () => Date.now() } });
  const topics = ["shop.products", "shop.tenants"].map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} }));
  await port.createTopics(topics);
  await port.produce([{ topic: "shop.products", key: null, value: Buffer.from("{}"), headers: [] }]);
  await port.close();
  expect((await freshet(["topics", "create"], env)).code).toBe(0);
}, 360_000);
afterAll(async () => {
  for (const proxy of proxies) proxy.close();
  await Promise.all([kafka?.close(), redis?.close()]);
});

/** A proxy that leaves some of what it is asked for unanswered. */
function passing(to: number, isSwallowed: (chunk: Buffer) => boolean): Server {
  return createServer((client) => {
    const server = connect(to, "127.0.0.1");
    const end = (): void => void [client, server].map((socket: Socket) => socket.destroy());
    for (const socket of [client, server]) socket.on("error", end).on("close", end);
    let isMute = false;
    client.on("data", (chunk: Buffer) => {
      isMute ||= isSwallowed(chunk);
      if (!isMute) server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => void client.write(chunk));
  });
}

async function listening(proxy: Server, port = 0): Promise<number> {
  proxies.push(proxy);
  proxy.listen(port, "127.0.0.1");
  await once(proxy, "listening");
  return (proxy.address() as AddressInfo).port;
}

/** The URL of a Redis that leaves a command, and all that comes after it, without an answer. */
async function redisWithout(command: string): Promise<string> {
  const isSwallowed = (chunk: Buffer): boolean => chunk.toString("latin1").toLowerCase().includes(command);
  return `redis://:${PASSWORD}@127.0.0.1:${await listening(passing(redis.port, isSwallowed))}`;
}

/** The group, and so the client id, of who gets no answer to a request. */
const groupWithout = (request: number): string => `without-${request}`;

/** kafkajs writes one request at a time: its size, its number, its version, what answers are told apart by, and the client id. */
function isSwallowedRequest(chunk: Buffer): boolean {
  return chunk.length > 14 && chunk.toString("utf8", 14, 14 + chunk.readInt16BE(12)) === groupWithout(chunk.readInt16BE(4));
}

interface Report {
  readonly verdict: string;
  readonly checks: readonly { readonly name: string; readonly outcome: string }[];
  readonly findings: readonly { readonly name: string }[];
}

describe("a call in the middle of the doctor's that is never answered", () => {
  // At once: each of them does little but wait.
  test("of Kafka, whichever it is: what is known is told, in bounded time, and Redis all the same", async () => {
    const told = async ([name, request]: readonly [string, number]) => {
      const { code, stdout, stderr, ms } = await freshet(["doctor", "--json"], { ...env, FRESHET_KAFKA_GROUP: groupWithout(request) });
      const { checks, findings } = JSON.parse(stdout) as Report;
      const outcome = checks.find((check) => check.name === "redis")?.outcome;
      const isFound = findings.some((finding) => finding.name === "kafka-unreachable");
      return { name, code, stderr, redis: outcome, isFound, isBounded: ms < 75_000 };
    };
    const wanted = { code: 5, stderr: "", redis: "ok", isFound: true, isBounded: true };
    const all = Object.entries(requests);
    expect(await Promise.all(all.map(told))).toEqual(all.map(([name]) => ({ name, ...wanted })));
  }, 360_000);

  test("of Redis, whichever it is: what is known is told, in bounded time, without the password, and Kafka all the same", async () => {
    const told = async (command: string) => {
      const { code, stdout, stderr, ms } = await freshet(["doctor", "--json"], { ...env, FRESHET_REDIS_URL: await redisWithout(command) });
      const { checks, findings } = JSON.parse(stdout) as Report;
      const brokers = checks.find(({ name }) => name === "brokers")?.outcome;
      const isFound = findings.some(({ name }) => name === "redis-unreachable");
      return { command, code, stderr, brokers, isFound, isBounded: ms < 75_000, isSecret: !stdout.includes(PASSWORD) };
    };
    const wanted = { code: 5, stderr: "", brokers: "ok", isFound: true, isBounded: true, isSecret: true };
    const commands = ["auth", "info", "script", "evalsha"];
    expect(await Promise.all(commands.map(told))).toEqual(commands.map((command) => ({ command, ...wanted })));
  }, 360_000);

  test("a bundle is written without what is not answered", async () => {
    const folder = mkdtempSync(join(tmpdir(), "freshet-bundle-"));
    const file = join(folder, "bundle.json");
    const { code, stderr, ms } = await freshet(["support-bundle", "--out", file], {
      ...env,
      FRESHET_KAFKA_GROUP: groupWithout(requests.ListOffsets),
      FRESHET_REDIS_URL: await redisWithout("evalsha"),
    });
    expect({ code, isBounded: ms < 120_000 }).toEqual({ code: 0, isBounded: true });
    const text = readFileSync(file, "utf8");
    rmSync(folder, { recursive: true });
    expect(JSON.parse(text)).toMatchObject({ doctor: { verdict: "unreachable" }, lag: { missing: expect.any(String) } });
    expect(text + stderr).not.toContain(PASSWORD);
  }, 450_000);
});
