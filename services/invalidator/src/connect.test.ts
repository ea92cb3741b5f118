import { describe, expect, test } from "@jest/globals";
import { type Config, loadConfig } from "./config.js";
import { connectKafka, connectStore } from "./connect.js";

const configOf = (env: Record<string, string>): Config =>
  loadConfig({
    env,
    flags: {},
    readText: () => {
      throw Object.assign(new Error("none"), { code: "ENOENT" });
    },
  });

describe("connecting", () => {
  test("needs an address", async () => {
    await expect(connectKafka(configOf({}))).rejects.toMatchObject({ code: "FR1002", message: "FRESHET_KAFKA_BROKERS is not set" });
    await expect(connectStore(configOf({}))).rejects.toMatchObject({ code: "FR1002", message: "FRESHET_REDIS_URL is not set" });
  });

  test("a cluster has no databases", async () => {
    const config = configOf({ FRESHET_REDIS_URL: "redis://localhost/3", FRESHET_REDIS_MODE: "cluster" });
    await expect(connectStore(config)).rejects.toMatchObject({ code: "FR1002", disposition: "usage" });
  });

  test("sends nothing before the first call", async () => {
    const config = configOf({
      FRESHET_REDIS_URL: "rediss://nowhere.invalid",
      FRESHET_REDIS_PASSWORD: "p",
      FRESHET_KAFKA_BROKERS: "nowhere.invalid:9092",
      FRESHET_KAFKA_SSL: "true",
      FRESHET_KAFKA_SASL_MECHANISM: "scram-sha-256",
      FRESHET_KAFKA_SASL_USERNAME: "u",
      FRESHET_KAFKA_SASL_PASSWORD: "p",
    });
    const modes = [{}, { FRESHET_REDIS_MODE: "cluster" }, { FRESHET_REDIS_MODE: "sentinel", FRESHET_REDIS_SENTINEL_NAME: "main" }];
    const stores = modes.map((env) => connectStore(configOf({ FRESHET_REDIS_URL: "rediss://nowhere.invalid", ...env })));
    const ports = [await connectKafka(config), await connectStore(config), ...(await Promise.all(stores))];
    await expect(Promise.all(ports.map((port) => port.close()))).resolves.toBeDefined();
  });
});
