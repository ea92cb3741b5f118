import { afterEach, describe, expect, test } from "@jest/globals";
import * as api from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { pino } from "pino";
import { loadConfig } from "./config.js";
import { connectTraces } from "./connect-traces.js";

const rules = { hash: "abc" };
const configOf = (env: Readonly<Record<string, string>>) => loadConfig({ env, flags: {}, readText: missing });
const load = async () => api;

function missing(): never {
  throw Object.assign(new Error("not there"), { code: "ENOENT" });
}

function setUp() {
  const lines: string[] = [];
  return { lines, logger: pino({ level: "info" }, { write: (line: string) => void lines.push(line) }) };
}
afterEach(() => api.trace.disable());

describe("traces", () => {
  test("are off, and then the package is not even looked for", async () => {
    const never = () => Promise.reject(new Error("it was looked for"));
    await expect(connectTraces(configOf({}), { rules, ...setUp(), load: never })).resolves.toBeUndefined();
  });

  test("that are asked for without the package end the start with a sentence", async () => {
    const absent = () => Promise.reject(Object.assign(new Error("not there"), { code: "ERR_MODULE_NOT_FOUND" }));
    await expect(connectTraces(configOf({ FRESHET_TRACES: "true" }), { rules, ...setUp(), load: absent })).rejects.toMatchObject({
      code: "FR1007",
      disposition: "usage",
      message: "FRESHET_TRACES is set, and the package @opentelemetry/api is not installed",
      fix: expect.stringContaining("Install @opentelemetry/api"),
    });
  });

  test("that nobody takes are warned of", async () => {
    const { logger, lines } = setUp();
    expect(await connectTraces(configOf({ FRESHET_TRACES: "true" }), { rules, logger, load })).toBeDefined();
    expect(lines.join()).toContain("no OpenTelemetry SDK is registered");
  });

  test("that an SDK takes are not", async () => {
    api.trace.setGlobalTracerProvider(new BasicTracerProvider());
    const { logger, lines } = setUp();
    expect(await connectTraces(configOf({ FRESHET_TRACES: "true" }), { rules, logger, load })).toBeDefined();
    expect(lines).toEqual([]);
  });
});

test.each([
  [{}, false],
  [{ OTEL_SEMCONV_STABILITY_OPT_IN: "http,messaging" }, false],
  [{ OTEL_SEMCONV_STABILITY_OPT_IN: "http/dup, messaging/dup" }, true],
])("%j asks for older names: %j", (env, isAskedFor) => {
  expect(configOf(env).olderTraceNames).toBe(isAskedFor);
});
