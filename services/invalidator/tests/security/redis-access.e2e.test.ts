import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FreshetError } from "@freshet/protocol";
import { createRedisStore } from "@freshet/store";
import {
  type Certificates,
  freePort,
  freshPrefix,
  makeCertificates,
  type OwnRedis,
  SENTINEL_NAME,
  startRedis,
  startSentinel,
  testKafkaBroker,
  until,
} from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { startFreshet } from "../freshet-process.js";
import { openScene, type Scene, stopped } from "../scene.js";
import { rules, sendAndSee } from "./secure-bench.js";

const USER = "freshet-test";
const PASSWORD = "correct-horse-battery";
/** What `infra/redis/users.acl` gives is tried in the store's own suites; here it is about getting in. */
const RIGHTS = ["on", "~*", "+@all", "-@dangerous", "+info"];

let certificates: Certificates;
let strangers: Certificates;
let folder: string;
let redis: OwnRedis;
let scene: Scene;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-secrets-"));
  [certificates, strangers] = await Promise.all([makeCertificates(), makeCertificates()]);
  const tlsPort = await freePort();
  const { ca, serverCert, serverKey } = certificates;
  const files = ["--tls-cert-file", serverCert, "--tls-key-file", serverKey, "--tls-ca-cert-file", ca];
  redis = await startRedis({ args: ["--tls-port", String(tlsPort), ...files, "--tls-auth-clients", "yes", "--appendonly", "yes"] });
  const name = freshPrefix("secure-redis").replaceAll(":", "-");
  scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: redis.url, partitions: 1, rules });
  await setPassword(PASSWORD);
  env = {
    FRESHET_REDIS_URL: `rediss://localhost:${tlsPort}`,
    FRESHET_REDIS_USERNAME: USER,
    FRESHET_REDIS_PASSWORD_FILE: join(folder, "password"),
    FRESHET_REDIS_CA: certificates.ca,
    FRESHET_REDIS_CERT: certificates.clientCert,
    FRESHET_REDIS_KEY: certificates.clientKey,
  };
}, 360_000);
afterAll(async () => {
  await scene?.close();
  await redis?.close();
  await Promise.all([certificates?.close(), strangers?.close(), rm(folder, { recursive: true, force: true })]);
});

async function setPassword(password: string): Promise<void> {
  await scene.redis.acl("SETUSER", USER, "reset", ...RIGHTS, `>${password}`);
  await writeFile(join(folder, "password"), `${password}\n`);
}

describe("Redis with its own authority, client certificates and a user", () => {
  test("an event is applied; a password that is changed in its file is used at the next connection", async () => {
    const service = await scene.start({ env: { ...env, FRESHET_LOG_LEVEL: "trace" } });
    await sendAndSee({ scene }, service, "before");
    await setPassword("another-password");
    await scene.redis.client("KILL", "USER", USER);
    await sendAndSee({ scene }, service, "after");
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    for (const secret of [PASSWORD, "another-password", "PRIVATE KEY"]) expect(service.output()).not.toContain(secret);
    await setPassword(PASSWORD);
  }, 360_000);

  const other = (name: "ca" | "clientCert" | "clientKey") => () => strangers[name];
  test.each([
    [
      "a wrong password",
      { FRESHET_REDIS_PASSWORD_FILE: () => "", FRESHET_REDIS_PASSWORD: () => "wrong" },
      "FR2003",
      "the password for Redis",
    ],
    ["another authority", { FRESHET_REDIS_CA: other("ca") }, "FR1002 TLS with Redis failed", "FRESHET_REDIS_CA"],
    [
      "a stranger's certificate",
      { FRESHET_REDIS_CERT: other("clientCert"), FRESHET_REDIS_KEY: other("clientKey") },
      "FR1002 TLS with Redis failed",
      "FRESHET_REDIS_CERT",
    ],
  ])(
    "%s ends the start: typed, with a fix that says what to correct",
    async (_what, changed, problem, fix) => {
      const given = Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, value()]));
      const service = await scene.start({ env: { ...env, ...given } });
      expect(await service.exited).toEqual({ code: 1, signal: null });
      expect(service.output()).toContain(problem);
      expect(service.output()).toMatch(new RegExp(`fix: .*${fix}`));
    },
    360_000,
  );
});

test("every refusal of a certificate is told as one, and none of them as a lost connection", async () => {
  const [ca, cert, key] = await Promise.all([certificates.ca, strangers.clientCert, strangers.clientKey].map((file) => readFile(file)));
  const told: string[] = [];
  const onError = ({ code }: FreshetError) => told.push(code);
  const store = createRedisStore({ url: env.FRESHET_REDIS_URL ?? "", prefix: "fr:", options: { tls: { ca, cert, key } }, onError });
  try {
    const isRefusedTenTimes = async () => {
      await store.servers().catch(() => undefined);
      return told.length >= 10;
    };
    await until(isRefusedTenTimes, { timeoutMs: 50_000 });
    expect(new Set(told)).toEqual(new Set(["FR1002"]));
  } finally {
    await store.close();
  }
}, 360_000);

test("the doctor names an authority that is not trusted, and a certificate that is not taken", async () => {
  for (const changed of [
    { FRESHET_REDIS_CA: strangers.ca },
    { FRESHET_REDIS_CERT: strangers.clientCert, FRESHET_REDIS_KEY: strangers.clientKey },
  ]) {
    const { code, stdout } = await startFreshet(["doctor", "--json"], { ...scene.env, ...env, ...changed }).ended;
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly name: string; readonly code: string }[] };
    const untrusted = expect.objectContaining({ name: "redis-untrusted", code: "FR1002" });
    expect({ code, findings }).toEqual({ code: 3, findings: expect.arrayContaining([untrusted]) });
    expect(stdout).not.toContain("PRIVATE KEY");
  }
}, 360_000);

/** Of a sentinel's default user; whoever is logged in with the old one is thrown out. */
async function changePassword(url: string, { from, to }: { readonly from: string; readonly to: string }): Promise<void> {
  const client = new Redis(url, { password: from });
  await client.call("ACL", "SETUSER", "default", "resetpass", `>${to}`);
  await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  client.disconnect();
}

test("a sentinel that wants a password gets its own, and the master the master's", async () => {
  const [ofSentinel, ofMaster, renewed] = ["sentinels-own-secret", "masters-own-secret", "sentinels-next-secret"];
  const master = await startRedis({ args: ["--requirepass", ofMaster] });
  const sentinel = await startSentinel(master, { password: ofSentinel, masterPassword: ofMaster });
  const name = freshPrefix("secure-sentinel").replaceAll(":", "-");
  const redisUrl = master.url.replace("redis://", `redis://:${ofMaster}@`);
  const own = await openScene({ name, broker: testKafkaBroker(), redisUrl, partitions: 1, rules });
  try {
    const mode = { FRESHET_REDIS_MODE: "sentinel", FRESHET_REDIS_SENTINEL_NAME: SENTINEL_NAME, FRESHET_REDIS_PASSWORD: ofMaster };
    const file = join(folder, "sentinel-password");
    await writeFile(file, ofSentinel);
    const service = await own.start({ env: { ...mode, FRESHET_REDIS_URL: sentinel.url, FRESHET_REDIS_SENTINEL_PASSWORD_FILE: file } });
    await sendAndSee({ scene: own }, service, "1");
    // One that is changed in its file is used the next time that a sentinel is asked.
    await changePassword(sentinel.url, { from: ofSentinel, to: renewed });
    await writeFile(file, renewed);
    await own.redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await sendAndSee({ scene: own }, service, "2");
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    for (const secret of [ofSentinel, ofMaster, renewed]) expect(service.output()).not.toContain(secret);
  } finally {
    await own.close();
    await Promise.all([sentinel.close(), master.close()]);
  }
}, 360_000);
