import type { KafkaRecord, RegistryAccess } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import { describe, expect, test } from "@jest/globals";
import { type Config, loadConfig } from "./config.js";
import { connectRegistry, connectRegistryLate } from "./connect-registry.js";

const clock = { nowMs: () => 0 };

function configOf(env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}): Config {
  const readText = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return text;
  };
  return loadConfig({ env, flags: {}, readText });
}

function rulesOf(encoding: string): CompiledRules {
  const { rules } = loadRules(`freshet: 1
sources: [{ name: s, topic: t, format: cloudevents, space: s, encoding: ${encoding} }]
families: { f: { key: "f:{id}", ttl: 1h } }
rules: [{ name: r, source: s, bust: [{ family: f, with: { id: "subject" } }] }]
`);
  if (rules === null) throw new Error("the rules file has findings");
  return rules;
}

describe("the settings of a schema registry", () => {
  const URL_NAME = "FRESHET_SCHEMA_REGISTRY_URL";
  test.each([
    [{ [URL_NAME]: "registry:8081" }, `${URL_NAME} must be http:// or https://`],
    [{ [URL_NAME]: "https://bob:hunter2@localhost" }, "without credentials"],
    [{ [URL_NAME]: "http://elsewhere:8081" }, `${URL_NAME} leads to another machine without TLS`],
    [{ FRESHET_SCHEMA_REGISTRY_USERNAME: "bob" }, "FRESHET_SCHEMA_REGISTRY_USERNAME and _PASSWORD belong together"],
    [
      { FRESHET_SCHEMA_REGISTRY_CERT: "-----BEGIN CERTIFICATE-----" },
      "FRESHET_SCHEMA_REGISTRY_CERT and FRESHET_SCHEMA_REGISTRY_KEY belong together",
    ],
    [{ [URL_NAME]: "http://localhost", FRESHET_SCHEMA_REGISTRY_CA: "-----BEGIN CERTIFICATE-----" }, "have no meaning without TLS"],
    [{ FRESHET_SCHEMA_REGISTRY_ULR: "x" }, "FRESHET_SCHEMA_REGISTRY_ULR is not a variable of Freshet"],
  ])("%j is refused", (env, told) => {
    expect(() => configOf(env)).toThrow(told);
  });

  test("plaintext is fine on this machine, and elsewhere when somebody says so", () => {
    for (const url of ["http://localhost:8081", "http://127.0.0.1/apis/ccompat/v7", "http://[::1]:8081"]) {
      expect(configOf({ [URL_NAME]: url }).schemaRegistry.url).toBe(url);
    }
    const far = { [URL_NAME]: "http://elsewhere:8081", FRESHET_ALLOW_PLAINTEXT: "true" };
    expect(configOf(far).schemaRegistry.url).toBe("http://elsewhere:8081");
  });
});

describe("the optional package", () => {
  const URL = { FRESHET_SCHEMA_REGISTRY_URL: "https://localhost" };
  const missing = () => Promise.reject(Object.assign(new Error("not there"), { code: "ERR_MODULE_NOT_FOUND" }));

  test("is not loaded where no source needs it", async () => {
    await expect(connectRegistry(configOf({}), rulesOf("plain"), { clock, load: missing })).resolves.toBeUndefined();
  });

  test("is asked for by name when it is needed and not installed", async () => {
    await expect(connectRegistry(configOf(URL), rulesOf("registry"), { clock, load: missing })).rejects.toMatchObject({
      code: "FR1007",
      disposition: "usage",
      message: expect.stringContaining("@freshet/schema-registry is not installed"),
      fix: expect.stringContaining("Install @freshet/schema-registry"),
    });
  });

  test("says so when it is there and cannot be loaded", async () => {
    const load = () => Promise.reject(new EvalError("Code generation from strings disallowed for this context"));
    await expect(connectRegistry(configOf(URL), rulesOf("registry"), { clock, load })).rejects.toMatchObject({
      code: "FR1007",
      message: expect.stringContaining("cannot be loaded (EvalError)"),
    });
  });

  test("is of no use without the URL of a registry", async () => {
    await expect(connectRegistry(configOf({}), rulesOf("registry"), { clock })).rejects.toMatchObject({
      code: "FR1002",
      disposition: "usage",
      message: expect.stringContaining("FRESHET_SCHEMA_REGISTRY_URL is not set"),
    });
  });

  test("gets the whole configuration, secrets from files too", async () => {
    const pem = "-----BEGIN CERTIFICATE-----";
    const env = {
      ...URL,
      FRESHET_SCHEMA_REGISTRY_USERNAME: "bob",
      FRESHET_SCHEMA_REGISTRY_PASSWORD_FILE: "/p",
      FRESHET_SCHEMA_REGISTRY_CA: pem,
    };
    const given: RegistryAccess[] = [];
    const createFrames = (access: RegistryAccess) => {
      given.push(access);
      return { unframe: async () => [], close: () => undefined };
    };
    const files = { "/p": "hunter2\n" };
    await connectRegistry(configOf(env, files), rulesOf("registry"), { clock, load: async () => ({ createFrames }) });
    const [access] = given;
    const before = { user: { name: "bob", password: "hunter2" }, tls: { ca: pem } };
    expect(access).toEqual({ url: "https://localhost", ...before, clock, renew: expect.any(Function) });
    expect(access?.renew?.()).toEqual(before);
    files["/p"] = "hunter3\n";
    expect(access?.renew?.().user?.password).toBe("hunter3");
  });

  test("is loaded at the first slice where the rules come later, and once", async () => {
    let loads = 0;
    const frames = connectRegistryLate(configOf(URL), {
      clock,
      load: async () => {
        loads++;
        return {
          createFrames: () => ({
            unframe: async (records) => records.map((record) => ({ kind: "record", record })),
            close: () => undefined,
          }),
        };
      },
    });
    expect(loads).toBe(0);
    const record: KafkaRecord = { topic: "t", partition: 0, offset: 0, timestampMs: 0, key: null, value: null, headers: [] };
    expect(await frames.unframe([record], () => [])).toEqual([{ kind: "record", record }]);
    await frames.unframe([], () => []);
    expect(loads).toBe(1);
    await expect(connectRegistryLate(configOf({}), { clock }).unframe([], () => [])).rejects.toMatchObject({ code: "FR1002" });
  });

  test("is found under its name", async () => {
    const frames = await connectRegistry(configOf(URL), rulesOf("registry"), { clock });
    expect(typeof frames?.unframe).toBe("function");
    frames?.close();
  });
});
