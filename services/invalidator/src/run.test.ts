import { EventEmitter } from "node:events";
import { createMemoryLog, type KafkaPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { createMemoryStore } from "@freshet/store";
import { until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { loadConfig } from "./config.js";
import { type RunOptions, runService } from "./run.js";
import { type Invalidator, startInvalidator } from "./wiring.js";

const rulesText = `freshet: 1
sources: [{ name: products, topic: products, format: cloudevents, space: p }]
families: { product: { key: "page:{id}", ttl: 1h } }
rules: [{ name: changed, source: products, bust: [{ family: product, with: { id: "subject" } }] }]
`;
const clock = { nowMs: () => Date.now() };

/** An end in haste leaves things open, which is right for a process and not for a test. */
const started: Invalidator[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

async function setUp(wrapKafka: (kafka: KafkaPort) => KafkaPort = (kafka) => kafka, options: Partial<RunOptions> = {}) {
  const log = createMemoryLog({ clock });
  const client = log.client();
  const spec = { partitions: 1, replicationFactor: 1 };
  await client.createTopics([
    { ...spec, topic: "products", config: {} },
    { ...spec, topic: "freshet.dlq.t", config: { "max.message.bytes": "2000000" } },
  ]);
  const lines: string[] = [];
  const talk: string[] = [];
  const stop = new AbortController();
  const emitter = new EventEmitter();
  const env = { FRESHET_DEPLOYMENT: "t", FRESHET_RULES: "rules.yaml", FRESHET_HTTP_PORT: "0" };
  const readText = (path: string) => {
    if (path === "rules.yaml") return rulesText;
    throw Object.assign(new Error("none"), { code: "ENOENT" });
  };
  const code = runService({
    config: () => loadConfig({ env, flags: {}, readText }),
    stop: stop.signal,
    talk: (line) => void talk.push(line),
    overrides: {
      kafka: wrapKafka(log.client()),
      store: createMemoryStore({ nowUs: () => Date.now() * 1000 }),
      logger: pino({ level: "info" }, { write: (line: string) => void lines.push(line) }),
      clock,
      readText,
    },
    process: emitter,
    start: async (...args) => {
      const service = await startInvalidator(...args);
      started.push(service);
      return service;
    },
    ...options,
  });
  const joined = () => until(() => lines.some((line) => line.includes("joined the group")));
  return { code, stop, emitter, lines, talk, joined };
}

describe("the service's exit code", () => {
  test("is 0 when it is told to stop", async () => {
    const { code, stop, joined, emitter, talk } = await setUp();
    await joined();
    stop.abort();
    await expect(code).resolves.toBe(0);
    expect(talk).toEqual([]);
    expect(emitter.eventNames()).toEqual([]);
  });

  test("is 0 when it is told to stop before it has begun", async () => {
    const stop = AbortSignal.abort();
    const { code } = await setUp(undefined, { stop });
    await expect(code).resolves.toBe(0);
  });

  test("is 2 for a wrong configuration, told with its fix", async () => {
    const { code, talk } = await setUp(undefined, {
      config: () => loadConfig({ env: { FRESHET_MODE: "x" }, flags: {}, readText: () => "" }),
    });
    await expect(code).resolves.toBe(2);
    expect(talk).toEqual([expect.stringContaining("FR1002 FRESHET_MODE must be"), expect.stringContaining("fix: ")]);
  });

  test("is 1 when the consumer cannot be mended", async () => {
    const fatal = new FreshetError("FR3005", "halt", "it is over", "Start again");
    const { code, talk, lines } = await setUp((kafka) => ({
      ...kafka,
      consume: async (options) => {
        options.onFatal?.(fatal);
        return await kafka.consume(options);
      },
    }));
    await expect(code).resolves.toBe(1);
    expect(talk[0]).toBe("FR3005 it is over");
    expect(lines.join("")).toContain('"code":"FR3005"');
  });

  test("is 1 when stopping takes too long, whatever hangs", async () => {
    const hang = Promise.withResolvers<void>();
    const { code, stop, joined, talk } = await setUp((kafka) => ({ ...kafka, close: () => hang.promise }), { stopMsMax: 30 });
    await joined();
    stop.abort();
    await expect(code).resolves.toBe(1);
    expect(talk[0]).toBe("FR3004 stopping took longer than 30 ms");
    hang.resolve();
  });

  test.each(["uncaughtException", "unhandledRejection"])("is 1 after an %s, whose text is not told", async (name) => {
    const { code, emitter, joined, talk, lines } = await setUp();
    await joined();
    emitter.emit(name, new TypeError("a secret of a record"));
    await expect(code).resolves.toBe(1);
    expect(talk[0]).toBe("FR9001 uncaught TypeError");
    const told = lines.join("");
    expect(told).toContain('"code":"FR9001","name":"TypeError","frames":["at ');
    expect(told + talk.join("")).not.toContain("secret");
  });
});
