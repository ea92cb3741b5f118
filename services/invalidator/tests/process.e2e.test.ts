import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { openScene, type Scene, type SceneOptions, stopped } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";

const rules = (topic: string, keyPrefix: string): string => `freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: catalog.product }]
families: { page: { key: "${keyPrefix}page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, bust: [{ family: page, with: { id: "subject" } }] }]
`;

const TEN_MISTAKES = `freshet: 1
bounds: { lease: 5 }
sources:
  - { name: products, topic: products, format: cloudevents, spaces: catalog.product }
  - { name: orders, topic: orders, format: avro, space: orders }
families:
  page: { key: "page:{id", ttl: 1h }
  offer: { key: "offer:{id}", ttl: forever }
rules:
  - { name: a, source: nobody, bust: [{ family: page, with: { id: "subject" } }] }
  - { name: b, source: products, bust: [{ family: nothing, with: { id: "subject" } }] }
  - { name: c, source: products, when: 'data.price >', bust: [{ family: offer, with: { id: "subject" } }] }
  - { name: d, source: products, bust: [{ family: offer, with: { key: "subject" } }] }
  - { name: d, source: products, typs: [x], bust: [{ family: offer, with: { id: "subject" } }] }
`;

/** A Redis that can stop answering without closing a connection, and takes new ones in silence. */
async function openProxy(target: URL): Promise<{ readonly url: string; freeze(): void; close(): void }> {
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server: Server = createServer((inner) => {
    if (isFrozen) return void sockets.add(inner.on("error", () => undefined).pause());
    const outer = connect(Number(target.port), target.hostname);
    for (const socket of [inner, outer]) sockets.add(socket.on("error", () => undefined));
    inner.pipe(outer).pipe(inner);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `redis://127.0.0.1:${address.port}`,
    freeze: () => {
      isFrozen = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const open: { scene?: Scene; proxy?: { close(): void } } = {};
afterEach(async () => {
  await open.scene?.close();
  open.proxy?.close();
});

async function setUp(options: Partial<SceneOptions> = {}): Promise<Scene> {
  const scene = await openScene({
    name: freshPrefix("proc"),
    broker: testKafkaBroker(),
    redisUrl: testRedisUrl(),
    partitions: 2,
    rules,
    ...options,
  });
  open.scene = scene;
  return scene;
}

const ready = (service: ServiceProcess) =>
  until(async () => (await service.readyz())?.status === 200, { timeoutMs: 60_000, what: "it is ready" });

async function sendChange(scene: Scene, id: string, version: string): Promise<void> {
  const event = {
    specversion: "1.0",
    id: `${id}-${version}`,
    source: "/test",
    type: "changed",
    subject: id,
    freshetversion: version,
    data: {},
  };
  await scene.topics.send(scene.topic, [{ partition: 0, key: null, value: Buffer.from(JSON.stringify(event)), headers: [] }]);
}

describe("the service as its own process", () => {
  test("busts the older entry, keeps the newer one, tells it, and is gone with 0 on SIGTERM", async () => {
    const scene = await setUp();
    const key = (id: string) => `${scene.keyPrefix}page:${id}`;
    await scene.redis.set(key("1"), '{"version":4,"name":"old"}', "EX", 300);
    await scene.redis.set(key("2"), '{"version":9007199254740993,"name":"new"}', "EX", 300);
    const service = await scene.start();
    await ready(service);
    await sendChange(scene, "1", "5");
    await sendChange(scene, "2", "9007199254740992");
    await until(async () => (await service.metric("freshet_events_total", { outcome: "covered" })) === 1);
    expect(await scene.redis.exists(key("1"), key("2"))).toBe(1);
    expect(await scene.redis.exists(key("2"))).toBe(1);
    expect(await service.metric("freshet_keys_unlinked_total", { family: "page" })).toBe(1);
    expect(await service.metric("freshet_oldest_unapplied_age_seconds")).toBe(0);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    expect(await scene.topics.committed(scene.group, scene.topic)).toBe(2);
    expect(service.output()).toContain('"msg":"slice"');
    expect(service.output()).not.toContain(key("1"));
    await scene.redis.unlink(key("2"));
  });

  test("observes without a write", async () => {
    const scene = await setUp();
    const key = `${scene.keyPrefix}page:1`;
    await scene.redis.set(key, '{"version":4}', "EX", 300);
    const service = await scene.start({ env: { FRESHET_MODE: "observe" } });
    await sendChange(scene, "1", "5");
    await until(async () => (await service.metric("freshet_busts_total", { outcome: "removed" })) === 1, { timeoutMs: 60_000 });
    expect(await scene.redis.get(key)).toBe('{"version":4}');
    expect(await stopped(service, "SIGINT")).toEqual({ code: 0, signal: null });
    await scene.redis.unlink(key);
  });

  test("is gone at once on a second signal, with work under way", async () => {
    const proxy = await openProxy(new URL(testRedisUrl()));
    open.proxy = proxy;
    const scene = await setUp();
    const service = await scene.start({ env: { FRESHET_REDIS_URL: proxy.url } });
    await ready(service);
    proxy.freeze();
    await sendChange(scene, "1", "5");
    await until(async () => (await service.metric("freshet_oldest_unapplied_age_seconds")) > 0, { what: "a slice is under way" });
    service.kill("SIGINT"); // at once, as a stop may be quick; which of two it takes for the second is up to the system
    const { code } = await stopped(service, "SIGTERM");
    expect([130, 143]).toContain(code);
    expect(service.output()).not.toContain('"msg":"stopped"');
    expect(await scene.topics.committed(scene.group, scene.topic)).toBe(0);
  });

  test("waits for a Redis and a Kafka that are not there: alive, not ready, and stops when told", async () => {
    const scene = await setUp();
    const service = await scene.start({ env: { FRESHET_REDIS_URL: "redis://127.0.0.1:1", FRESHET_KAFKA_BROKERS: "127.0.0.1:1" } });
    await until(() => ['"on":"redis"', '"on":"kafka"'].every((text) => service.output().includes(text)), { timeoutMs: 60_000 });
    expect((await service.readyz())?.status).toBe(503);
    expect(service.isGone()).toBe(false);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  });
});

describe("the process refuses", () => {
  test.each([
    ["a misspelt variable", { FRESHET_REDIS_ULR: "x" }, ["FR1002 FRESHET_REDIS_ULR", "FRESHET_REDIS_URL?"]],
    [
      "several wrong values, all at once",
      { FRESHET_MODE: "x", FRESHET_HTTP_PORT: "x" },
      ["FR1002", "FRESHET_MODE must be", "FRESHET_HTTP_PORT must be"],
    ],
    [
      "plaintext to another machine",
      { FRESHET_REDIS_URL: "redis://:s3cret@redis.example:6379" },
      ["FR1002 FRESHET_REDIS_URL", "FRESHET_ALLOW_PLAINTEXT"],
    ],
    ["a sentinel whose master has no name", { FRESHET_REDIS_MODE: "sentinel" }, ["FR1002", "FRESHET_REDIS_SENTINEL_NAME is missing"]],
    ["a rules file that is not there", { FRESHET_RULES: "/nowhere/rules.yaml" }, ["FR1002", "/nowhere/rules.yaml cannot be read"]],
  ])("%s, with exit code 2", async (_what, env, texts) => {
    const service = await (await setUp()).start({ env });
    expect(await service.exited).toEqual({ code: 2, signal: null });
    for (const text of texts) expect(service.output()).toContain(text);
    expect(service.output()).not.toContain("s3cret");
  });

  test("a rules file with ten mistakes: ten findings with line, column and fix, and exit code 2", async () => {
    const service = await (await setUp({ rules: () => TEN_MISTAKES })).start();
    expect(await service.exited).toEqual({ code: 2, signal: null });
    const findings = service.output().match(/rules\.yaml:\d+:\d+ \w+ .+ — .+/g) ?? [];
    expect(new Set(findings).size).toBeGreaterThanOrEqual(10);
  });

  test("a deployment whose dead-letter topic is missing, naming the command that makes it, with exit code 1", async () => {
    const service = await (await setUp()).start({ env: { FRESHET_DEPLOYMENT: freshPrefix("nobody") } });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    for (const text of ["FR3002", "freshet topics create"]) expect(service.output()).toContain(text);
  });
});
