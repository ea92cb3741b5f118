import { freePort, freshPrefix, type OwnKafka, startKafka, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startFreshet } from "../freshet-process.js";
import { openScene, type Scene } from "../scene.js";
import { rules } from "./secure-bench.js";

/** Of a network that leads nowhere. */
const ELSEWHERE = "10.255.255.1";

let kafka: OwnKafka;
let scene: Scene;

beforeAll(async () => {
  // One listener for the test itself, and one whose broker names itself on another machine.
  const [port, far, controller] = [await freePort(), await freePort(), await freePort()];
  const listeners = (host: string): string => `PLAINTEXT://127.0.0.1:${port},FAR://${host}:${far}`;
  const properties = {
    listeners: `${listeners("127.0.0.1")},CONTROLLER://127.0.0.1:${controller}`,
    "advertised.listeners": listeners(ELSEWHERE),
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,FAR:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
  };
  const place = { nodeId: 1, clusterId: "cGxhaW50ZXh0LXRlc3QtMQ", controllerPorts: [controller] };
  kafka = await startKafka({ heapMb: 256, port, place, properties });
  const name = freshPrefix("plaintext").replaceAll(":", "-");
  scene = await openScene({ name, broker: kafka.broker, redisUrl: testRedisUrl(), partitions: 1, rules });
  farBroker = `127.0.0.1:${far}`;
}, 360_000);
afterAll(async () => {
  await scene?.close();
  await kafka?.close();
});

let farBroker = "";

test("a broker that names itself on another machine is not followed there without TLS, and the fix says what to set", async () => {
  const service = await scene.start({ env: { FRESHET_KAFKA_BROKERS: farBroker } });
  expect(await service.exited).toEqual({ code: 1, signal: null });
  expect(service.output()).toMatch(/FR1002 a broker names itself, or another one, on another machine, and TLS is off/);
  expect(service.output()).toMatch(/fix: .*FRESHET_ALLOW_PLAINTEXT=true/);
}, 270_000);

test("the doctor says so, too", async () => {
  const { code, stdout } = await startFreshet(["doctor", "--json"], { ...scene.env, FRESHET_KAFKA_BROKERS: farBroker }).ended;
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly name: string; readonly code: string }[] };
  expect(code).toBe(3);
  expect(findings).toContainEqual(expect.objectContaining({ name: "kafka-untrusted", code: "FR1002" }));
}, 180_000);

test.each([
  ["FRESHET_KAFKA_BROKERS", "10.0.0.1:9092"],
  ["FRESHET_REDIS_URL", "redis://10.0.0.1:6379"],
  ["FRESHET_SCHEMA_REGISTRY_URL", "http://10.0.0.1:8081"],
])(
  "%s that leads to another machine without TLS ends the start",
  async (name, value) => {
    const service = await scene.start({ env: { [name]: value } });
    expect(await service.exited).toEqual({ code: 2, signal: null });
    expect(service.output()).toContain(`${name} leads to another machine without TLS`);
    expect(service.output()).toContain("FRESHET_ALLOW_PLAINTEXT=true");
  },
  90_000,
);
