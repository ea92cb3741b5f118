import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificates, makeCertificates, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { stopped } from "../scene.js";
import { openSecureBench, PASSWORD, type SecureBench, sendAndSee, USER } from "./secure-bench.js";

let bench: SecureBench;
let strangers: Certificates;
let folder: string;

beforeAll(async () => {
  [strangers, folder] = await Promise.all([makeCertificates(), mkdtemp(join(tmpdir(), "freshet-secrets-"))]);
  bench = await openSecureBench();
}, 540_000);
afterAll(async () => {
  await bench?.close();
  await strangers?.close();
  await rm(folder, { recursive: true, force: true });
});

describe("Kafka with its own authority, client certificates and SCRAM", () => {
  test.each(["SCRAM-SHA-256", "scram-sha-512"])(
    "an event is applied, logged in by %s, and the password is in no output",
    async (mechanism) => {
      const service = await bench.scene.start({
        env: { ...bench.env, FRESHET_KAFKA_SASL_MECHANISM: mechanism, FRESHET_LOG_LEVEL: "trace" },
      });
      await sendAndSee(bench, service, mechanism);
      expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
      expect(service.output()).not.toContain(PASSWORD);
      expect(service.output()).not.toContain("PRIVATE KEY");
    },
    360_000,
  );

  const other = (name: "ca" | "clientCert" | "clientKey") => () => strangers[name];
  test.each([
    ["a wrong password", { FRESHET_KAFKA_SASL_PASSWORD: () => "wrong" }, "FR3006 Kafka refused the login", "FRESHET_KAFKA_SASL_PASSWORD"],
    ["an unknown user", { FRESHET_KAFKA_SASL_USERNAME: () => "nobody" }, "FR3006 Kafka refused the login", "FRESHET_KAFKA_SASL_USERNAME"],
    [
      "another mechanism",
      { FRESHET_KAFKA_SASL_MECHANISM: () => "PLAIN" },
      "FR3006 Kafka refused the login",
      "FRESHET_KAFKA_SASL_MECHANISM",
    ],
    ["another authority", { FRESHET_KAFKA_CA: other("ca") }, "FR1002 TLS with a broker failed", "FRESHET_KAFKA_CA"],
    [
      "a stranger's certificate",
      { FRESHET_KAFKA_CERT: other("clientCert"), FRESHET_KAFKA_KEY: other("clientKey") },
      "FR1002 TLS with a broker failed",
      "FRESHET_KAFKA_CERT",
    ],
    [
      "no certificate",
      { FRESHET_KAFKA_CERT: () => "", FRESHET_KAFKA_KEY: () => "" },
      "FR1002 TLS with a broker failed",
      "FRESHET_KAFKA_CERT",
    ],
  ])(
    "%s ends the start: typed, with a fix that names the variable",
    async (_what, changed, problem, variable) => {
      const env = Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, value()]));
      const service = await bench.scene.start({ env: { ...bench.env, ...env } });
      expect(await service.exited).toEqual({ code: 1, signal: null });
      expect(service.output()).toContain(problem);
      expect(service.output()).toMatch(new RegExp(`fix: .*${variable}`));
    },
    360_000,
  );

  test("a password that is changed in its file is used at the next connection, without a restart", async () => {
    const file = join(folder, "password");
    await writeFile(file, `${PASSWORD}\n`);
    const env = { ...bench.env, FRESHET_KAFKA_SASL_PASSWORD: "", FRESHET_KAFKA_SASL_PASSWORD_FILE: file };
    const service = await bench.scene.start({ env });
    await sendAndSee(bench, service, "before");
    await renew("another-password");
    await writeFile(file, "another-password\n");
    await bench.kafka.stop();
    await bench.kafka.restart();
    await sendAndSee(bench, service, "after");
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
    await renew(PASSWORD);
  }, 360_000);

  /** Changes the user's password as an administrator would. */
  async function renew(password: string): Promise<void> {
    await bench.kafka.alterScram({ name: USER, password, mechanism: "SCRAM-SHA-512" });
    const client = new kafkajs.Kafka({
      brokers: [bench.kafka.secureBroker],
      logLevel: kafkajs.logLevel.NOTHING,
      ssl: await bench.clientTls(),
      sasl: { mechanism: "scram-sha-512", username: USER, password },
      retry: { retries: 0 },
    });
    const isIn = async (): Promise<boolean> => {
      const admin = client.admin();
      const done = await admin.connect().then(
        () => true,
        () => false,
      );
      await admin.disconnect();
      return done;
    };
    await until(isIn, { timeoutMs: 60_000, what: "the broker takes the new password" });
  }
});
