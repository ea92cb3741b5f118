import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Certificates,
  freePort,
  freshPrefix,
  makeCertificates,
  type OwnRedis,
  type OwnSentinel,
  SENTINEL_NAME,
  startRedis,
  startSentinel,
  testKafkaBroker,
  until,
} from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openScene, type Scene, stopped, waitingCodes } from "../scene.js";
import { eventOf, rules, sendAndSee } from "./secure-bench.js";

let certificates: Certificates;
let strangers: Certificates;
let folder: string;
let redis: OwnRedis;
let sentinel: OwnSentinel;
let scene: Scene;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-secrets-"));
  [certificates, strangers] = await Promise.all([makeCertificates(), makeCertificates()]);
  const masterPort = await freePort();
  const { ca, serverCert, serverKey } = certificates;
  const files = ["--tls-cert-file", serverCert, "--tls-key-file", serverKey, "--tls-ca-cert-file", ca];
  redis = await startRedis({ args: ["--tls-port", String(masterPort), ...files, "--tls-auth-clients", "yes"] });
  sentinel = await startSentinel(redis, { tls: { certificates, masterPort } });
  const name = freshPrefix("sentinel-tls").replaceAll(":", "-");
  scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: redis.url, partitions: 1, rules });
  await give(certificates);
  env = {
    FRESHET_REDIS_MODE: "sentinel",
    FRESHET_REDIS_SENTINEL_NAME: SENTINEL_NAME,
    FRESHET_REDIS_URL: sentinel.url,
    FRESHET_REDIS_CA: ca,
    FRESHET_REDIS_CERT: join(folder, "client.pem"),
    FRESHET_REDIS_KEY: join(folder, "client.key"),
  };
}, 270_000);
afterAll(async () => {
  await scene?.close();
  await Promise.all([sentinel?.close(), redis?.close()]);
  await Promise.all([certificates?.close(), strangers?.close(), rm(folder, { recursive: true, force: true })]);
});

/** Puts the client's certificate of this authority where the service looks for it. */
async function give({ clientCert, clientKey }: Certificates): Promise<void> {
  await copyFile(clientKey, join(folder, "client.key"));
  await copyFile(clientCert, join(folder, "client.pem"));
}

test("sentinels and their master are talked to by TLS alone, with the certificate that its file holds by then", async () => {
  const service = await scene.start({ env });
  await sendAndSee({ scene }, service, "before");

  await give(strangers);
  await scene.redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await scene.topics.send(scene.topic, [{ partition: 0, key: null, value: eventOf("none"), headers: [] }]);
  await until(async () => (await waitingCodes(service)).length > 0, { timeoutMs: 90_000, what: "a certificate that is not taken is told" });

  await give(certificates);
  await sendAndSee({ scene }, service, "after");
  expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  expect(service.output()).not.toContain("PRIVATE KEY");
}, 360_000);
