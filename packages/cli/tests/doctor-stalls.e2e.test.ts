import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafkajsPort } from "@freshet/kafka";
import { freePort, freshPrefix, type OwnKafka, type OwnRedis, startKafka, startRedis } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { freshet } from "./process.js";

const RULES = "services/example-shop/rules.yaml";
const PASSWORD = "hunter2-of-stalls";
const deployment = freshPrefix("stalls").replaceAll(":", "-");
/** Requests of Kafka's protocol by their numbers; each is asked for in another step of the doctor. */
const requests = { Fetch: 1, ListOffsets: 2, Metadata: 3, FindCoordinator: 10, DescribeConfigs: 32 } as const;

let kafka: OwnKafka;
let redis: OwnRedis;
let proxies: readonly Server[];
let env: Readonly<Record<string, string>>;
/** What the proxies leave without an answer. */
let swallowed: { readonly request?: number; readonly command?: string } = {};

beforeAll(async () => {
  const [brokerPort, proxyPort] = [await freePort(), await freePort()];
  const advertised = { "advertised.listeners": `PLAINTEXT://127.0.0.1:${proxyPort}` };
  [kafka, redis] = await Promise.all([
    startKafka({ port: brokerPort, heapMb: 256, properties: advertised }),
    startRedis({ args: ["--requirepass", PASSWORD] }),
  ]);
  const [toKafka, toRedis] = [passing(brokerPort, isSwallowedRequest), passing(redis.port, isSwallowedCommand)];
  toKafka.listen(proxyPort, "127.0.0.1");
  toRedis.listen(0, "127.0.0.1");
  proxies = [toKafka, toRedis];
  await Promise.all(proxies.map((proxy) => once(proxy, "listening")));
  env = {
    FRESHET_DEPLOYMENT: deployment,
    FRESHET_KAFKA_BROKERS: `127.0.0.1:${proxyPort}`,
    FRESHET_REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:${(toRedis.address() as AddressInfo).port}`,
    FRESHET_RULES: RULES,
  };
  const port = createKafkajsPort({ brokers: [`127.0.0.1:${proxyPort}`], clientId: "stalls", clock: { nowMs: () => Date.now() } });
  const topics = ["shop.products", "shop.tenants"].map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} }));
  await port.createTopics(topics);
  await port.produce([{ topic: "shop.products", key: null, value: Buffer.from("{}"), headers: [] }]);
  await port.close();
  expect((await freshet(["topics", "create"], env)).code).toBe(0);
}, 360_000);
afterEach(() => {
  swallowed = {};
});
afterAll(async () => {
  for (const proxy of proxies ?? []) proxy.close();
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

/** kafkajs writes one request at a time: its size, then its number. */
function isSwallowedRequest(chunk: Buffer): boolean {
  return chunk.length > 6 && chunk.readInt16BE(4) === swallowed.request;
}

function isSwallowedCommand(chunk: Buffer): boolean {
  return swallowed.command !== undefined && chunk.toString("latin1").toLowerCase().includes(swallowed.command);
}

interface Report {
  readonly verdict: string;
  readonly checks: readonly { readonly name: string; readonly outcome: string }[];
  readonly findings: readonly { readonly name: string }[];
}

describe("a call in the middle of the doctor's that is never answered", () => {
  test.each(Object.entries(requests))(
    "%s of Kafka: what is known is told, in bounded time, and Redis all the same",
    async (_name, request) => {
      swallowed = { request };
      const { code, stdout, stderr, ms } = await freshet(["doctor", "--json"], env);
      expect({ stderr, isBounded: ms < 75_000 }).toEqual({ stderr: "", isBounded: true });
      const { checks, findings } = JSON.parse(stdout) as Report;
      expect(checks.find(({ name }) => name === "redis")?.outcome).toBe("ok");
      expect(findings.map(({ name }) => name)).toContain("kafka-unreachable");
      expect(code).toBe(5);
    },
    360_000,
  );

  test.each(["auth", "info", "script", "evalsha"])(
    "%s of Redis: what is known is told, in bounded time, without the password, and Kafka all the same",
    async (command) => {
      swallowed = { command };
      const { code, stdout, stderr, ms } = await freshet(["doctor", "--json"], env);
      expect({ stderr, isBounded: ms < 75_000 }).toEqual({ stderr: "", isBounded: true });
      const { checks, findings } = JSON.parse(stdout) as Report;
      expect(checks.find(({ name }) => name === "brokers")?.outcome).toBe("ok");
      expect(findings.map(({ name }) => name)).toContain("redis-unreachable");
      expect(stdout).not.toContain(PASSWORD);
      expect(code).toBe(5);
    },
    360_000,
  );

  test("a bundle is written without what is not answered", async () => {
    swallowed = { request: requests.ListOffsets, command: "evalsha" };
    const folder = mkdtempSync(join(tmpdir(), "freshet-bundle-"));
    const file = join(folder, "bundle.json");
    const { code, stderr, ms } = await freshet(["support-bundle", "--out", file], env);
    expect({ code, isBounded: ms < 120_000 }).toEqual({ code: 0, isBounded: true });
    const text = readFileSync(file, "utf8");
    rmSync(folder, { recursive: true });
    expect(JSON.parse(text)).toMatchObject({ doctor: { verdict: "unreachable" }, lag: { missing: expect.any(String) } });
    expect(text + stderr).not.toContain(PASSWORD);
  }, 450_000);
});
