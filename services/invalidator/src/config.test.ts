import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { type Config, loadConfig } from "./config.js";
import type { ConfigSources } from "./config-layers.js";
import { configurationPage } from "./configuration-page.js";
import { describeConfig } from "./describe-config.js";
import { readFlags } from "./flags.js";
import { settings } from "./settings.js";

type Files = Readonly<Record<string, string>>;

function sources(env: ConfigSources["env"], flags: ConfigSources["flags"] = {}, files: Files = {}): ConfigSources {
  const readText = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return text;
  };
  return { env, flags, readText };
}

const load = (...args: Parameters<typeof sources>): Config => loadConfig(sources(...args));

function problemOf(...args: Parameters<typeof sources>): string {
  try {
    load(...args);
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error;
    expect(error.code).toBe("FR1002");
    expect(error.disposition).toBe("usage");
    return `${error.message}. ${error.fix}`;
  }
  throw new Error("nothing was wrong with it");
}

const lineOf = (config: Config, name: string) => describeConfig(config).find((line) => line.name === name);
const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const KEY = PEM.replaceAll("CERTIFICATE", "PRIVATE KEY");
const pemEnv = (peer: string) => ({ [`FRESHET_${peer}_CA`]: PEM, [`FRESHET_${peer}_CERT`]: PEM, [`FRESHET_${peer}_KEY`]: "/key.pem" });

test("secrets are renewed from their files; what cannot be read or is not valid leaves what was valid before", () => {
  const files: Record<string, string> = { "/p": "first\n" };
  const given = { FRESHET_REDIS_USERNAME: "u", FRESHET_REDIS_PASSWORD_FILE: "/p" };
  const { renewed } = load(given, {}, files);
  const now = () => renewed().redis.password?.reveal();
  expect(now()).toBe("first");
  files["/p"] = "second\n";
  expect(now()).toBe("second");
  files["/p"] = "";
  expect(now()).toBe("second");
  delete files["/p"];
  expect(now()).toBe("second");
  files["/p"] = "third\n";
  expect(now()).toBe("third");
});

describe("defaults", () => {
  test("are the contract's", () => {
    const config = load({});
    expect(config).toMatchObject({
      deployment: "default",
      rules: null,
      mode: "apply",
      kafka: { brokers: [], group: "freshet-default", ssl: false, saslMechanism: null },
      redis: { url: null, mode: "standalone", prefix: "fr:" },
      allowPlaintext: false,
      allowEviction: false,
      http: { host: "127.0.0.1", port: 9464 },
      logLevel: "info",
    });
    expect(describeConfig(config).every((line) => line.origin === "default")).toBe(true);
  });

  test("make the group follow the deployment", () => {
    expect(load({ FRESHET_DEPLOYMENT: "shop" }).kafka.group).toBe("freshet-shop");
    expect(load({ FRESHET_DEPLOYMENT: "shop", FRESHET_KAFKA_GROUP: "mine" }).kafka.group).toBe("mine");
  });

  test("hold for empty variables", () => {
    expect(load({ FRESHET_MODE: "", FRESHET_REDIS_URL: "", FRESHET_REDIS_URL_FILE: "" })).toMatchObject({
      mode: "apply",
      redis: { url: null },
    });
  });
});

describe("the consumer group", () => {
  test("is named after the deployment; observing has one of its own, for what a group has read it does not read again", () => {
    expect(load({ FRESHET_DEPLOYMENT: "shop" }).kafka.group).toBe("freshet-shop");
    expect(load({ FRESHET_DEPLOYMENT: "shop", FRESHET_MODE: "observe" }).kafka.group).toBe("freshet-shop-observe");
    expect(load({ FRESHET_KAFKA_GROUP: "mine", FRESHET_MODE: "observe" }).kafka.group).toBe("mine");
  });
});

describe("precedence", () => {
  const file = { "freshet.config.yaml": "mode: observe\nhttp: { port: 1 }\nlogLevel: warn\ndeployment: from-file\n" };

  test("is flag, environment, file, default", () => {
    const config = load({ FRESHET_HTTP_PORT: "2", FRESHET_LOG_LEVEL: "debug" }, { "log-level": "error" }, file);
    expect(config).toMatchObject({ mode: "observe", http: { port: 2 }, logLevel: "error" });
    expect(lineOf(config, "logLevel")?.origin).toBe("the flag --log-level");
    expect(lineOf(config, "http.port")?.origin).toBe("the variable FRESHET_HTTP_PORT");
    expect(lineOf(config, "mode")?.origin).toBe("the file freshet.config.yaml");
    expect(lineOf(config, "redis.prefix")?.origin).toBe("default");
  });

  test("a named file replaces the usual one, and must be there", () => {
    const files = { ...file, "/etc/freshet/other.yaml": "deployment: other\nrules: rules.yaml\n" };
    const config = load({ FRESHET_CONFIG: "/etc/freshet/other.yaml" }, {}, files);
    expect(config).toMatchObject({ deployment: "other", mode: "apply", rules: "/etc/freshet/rules.yaml" });
    expect(load({}, { config: "/etc/freshet/other.yaml" }, files).deployment).toBe("other");
    expect(problemOf({ FRESHET_CONFIG: "/nope.yaml" })).toContain("/nope.yaml cannot be read (ENOENT)");
  });

  test("a file's values have types of their own", () => {
    const text = 'kafka: { brokers: ["localhost:1", "localhost:2"], ssl: true }\nallowEviction: true\nhttp: { port: 0 }\n';
    const config = load({}, {}, { "freshet.config.yaml": text });
    expect(config).toMatchObject({ kafka: { brokers: ["localhost:1", "localhost:2"], ssl: true }, allowEviction: true, http: { port: 0 } });
  });
});

describe("a value", () => {
  test.each([
    ["FRESHET_DEPLOYMENT", "a b"],
    ["FRESHET_DEPLOYMENT", `a${"b".repeat(100)}`],
    ["FRESHET_MODE", "dry"],
    ["FRESHET_KAFKA_BROKERS", "localhost"],
    ["FRESHET_KAFKA_BROKERS", "localhost:70000"],
    ["FRESHET_KAFKA_BROKERS", "http://localhost:9092"],
    ["FRESHET_KAFKA_SSL", "yes please"],
    ["FRESHET_KAFKA_SASL_MECHANISM", "GSSAPI"],
    ["FRESHET_REDIS_URL", "localhost:6379"],
    ["FRESHET_REDIS_URL", "http://localhost:6379"],
    ["FRESHET_REDIS_URL", "redis://"],
    ["FRESHET_REDIS_URL", "redis://localhost:6379/zero"],
    ["FRESHET_REDIS_URL", "redis://localhost:6379?db=1"],
    ["FRESHET_REDIS_MODE", "replica"],
    ["FRESHET_REDIS_PREFIX", "fr x:"],
    ["FRESHET_REDIS_PREFIX", "fr{x"],
    ["FRESHET_REDIS_PREFIX", "fr}x"],
    ["FRESHET_HTTP_PORT", "65536"],
    ["FRESHET_HTTP_PORT", "-1"],
    ["FRESHET_HTTP_PORT", "9464.5"],
    ["FRESHET_LOG_LEVEL", "verbose"],
    ["FRESHET_ALLOW_PLAINTEXT", "maybe"],
  ])("%s=%s is refused, with what it must be and where it comes from", (variable, value) => {
    const problem = problemOf({ [variable]: value });
    expect(problem).toContain(`${variable} must be `);
    expect(problem).toContain(`it comes from the variable ${variable}`);
  });

  test.each([
    ["true", true],
    ["1", true],
    ["false", false],
    ["0", false],
  ])("a switch is on for %s: %s", (value, on) => {
    expect(load({ FRESHET_ALLOW_EVICTION: value }).allowEviction).toBe(on);
  });

  test("a list is trimmed, and mechanisms have no case", () => {
    const env = {
      FRESHET_KAFKA_BROKERS: " localhost:1 , 127.0.0.1:2,",
      FRESHET_KAFKA_SASL_USERNAME: "u",
      FRESHET_KAFKA_SASL_PASSWORD: "p",
    };
    const { kafka } = load({ ...env, FRESHET_KAFKA_SASL_MECHANISM: "SCRAM-SHA-512" });
    expect(kafka).toMatchObject({ brokers: ["localhost:1", "127.0.0.1:2"], saslMechanism: "scram-sha-512" });
  });

  test("cannot be changed afterwards", () => {
    const config = load({ FRESHET_KAFKA_BROKERS: "localhost:1" });
    const parts = [config, config.kafka, config.kafka.brokers, config.redis, config.schemaRegistry, config.http];
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true);
  });
});

describe("an unknown variable", () => {
  test.each([
    ["FRESHET_REDIS_ULR", "FRESHET_REDIS_URL"],
    ["FRESHET_BROKERS", "FRESHET_KAFKA_BROKERS"],
    ["FRESHET_HTP_PORT", "FRESHET_HTTP_PORT"],
    ["FRESHET_RULES_FILE", "FRESHET_RULES"],
  ])("%s is an error that names %s", (variable, near) => {
    expect(problemOf({ [variable]: "x" })).toContain(`${variable} is not a variable of Freshet. Did you mean ${near}?`);
  });

  test("is left alone when tests or Kubernetes put it there", () => {
    const env = {
      FRESHET_TEST_SEED: "1",
      FRESHET_SERVICE_HOST: "10.0.0.1",
      FRESHET_SERVICE_PORT_METRICS: "9464",
      FRESHET_PORT: "tcp://10.0.0.1:9464",
      FRESHET_PORT_9464_TCP_ADDR: "10.0.0.1",
      FRESHET_ADMIN_SERVICE_HOST: "10.0.0.1",
      FRESHET_ADMIN_PORT: "tcp://10.0.0.1:9464",
      FRESHET_ADMIN_PORT_9464_TCP: "tcp://10.0.0.1:9464",
      FRESHETTED: "1",
    };
    expect(load(env).deployment).toBe("default");
  });

  test("in the file is an error too", () => {
    expect(problemOf({}, {}, { "freshet.config.yaml": "kafka: { broker: x }\n" })).toContain(
      "`kafka.broker`. Did you mean `kafka.brokers`?",
    );
    expect(problemOf({}, {}, { "freshet.config.yaml": "kafka: nonsense\n" })).toContain("`kafka` is not a mapping");
    expect(problemOf({}, {}, { "freshet.config.yaml": "a: 1\na: 2\n" })).toContain("freshet.config.yaml:2:1 is not YAML");
  });
});

describe("secrets", () => {
  const url = "redis://bob:hunter2@localhost:6379/3";
  const sasl = { FRESHET_KAFKA_SASL_MECHANISM: "plain", FRESHET_KAFKA_SASL_USERNAME: "alice" };

  test("come from files as well, without the newline at the end", () => {
    const files = { "/run/secrets/redis": `${url}\n`, "/run/secrets/kafka": "s3cret\n" };
    const config = load(
      { ...sasl, FRESHET_REDIS_URL_FILE: "/run/secrets/redis", FRESHET_KAFKA_SASL_PASSWORD_FILE: "/run/secrets/kafka" },
      {},
      files,
    );
    expect(config.redis.url?.reveal()).toBe(url);
    expect(config.kafka.saslPassword?.reveal()).toBe("s3cret");
    expect(lineOf(config, "redis.url")?.origin).toBe("the file named by FRESHET_REDIS_URL_FILE");
    expect(problemOf({ FRESHET_REDIS_URL_FILE: "/nope" })).toContain("FRESHET_REDIS_URL_FILE cannot be read (ENOENT)");
    expect(problemOf({ FRESHET_REDIS_URL: url, FRESHET_REDIS_URL_FILE: "/run/secrets/redis" }, {}, files)).toContain("are both set");
  });

  test("are shown nowhere: not in the listing, not in JSON, not in an error", () => {
    const config = load({ ...sasl, FRESHET_REDIS_URL: url, FRESHET_KAFKA_SASL_PASSWORD: "s3cret" });
    expect(lineOf(config, "redis.url")?.value).toBe("redis://[redacted]@localhost:6379/3");
    expect(lineOf(config, "kafka.saslPassword")?.value).toBe("[redacted]");
    for (const shown of [JSON.stringify(config), `${JSON.stringify(describeConfig(config))}`, String(config.redis.url)]) {
      expect(shown).not.toMatch(/hunter2|s3cret|bob|alice.*s3cret/);
    }
    expect(problemOf({ FRESHET_REDIS_URL: "reddis://bob:hunter2@x" })).not.toMatch(/hunter2|bob/);
  });

  test("certificates are PEM text, or the path of a file with it", () => {
    const config = load({ ...pemEnv("KAFKA"), FRESHET_KAFKA_SSL: "true" }, {}, { "/key.pem": KEY });
    expect(config.kafka.ca?.reveal()).toBe(PEM);
    expect(config.kafka.key?.reveal()).toBe(KEY);
    expect(problemOf({ FRESHET_KAFKA_SSL: "1", FRESHET_KAFKA_CA: "/nope.pem" })).toContain(
      "FRESHET_KAFKA_CA cannot be read (ENOENT), and is no PEM text",
    );
    expect(problemOf({ FRESHET_KAFKA_SSL: "1", FRESHET_KAFKA_CA: "/x" }, {}, { "/x": "hello" })).toContain(
      "names a file without PEM text in it",
    );
  });
});

describe("what belongs together", () => {
  test.each([
    ["plaintext Kafka", { FRESHET_KAFKA_BROKERS: "localhost:1,kafka:9092" }, "FRESHET_KAFKA_BROKERS leads to another machine without TLS"],
    ["plaintext Redis", { FRESHET_REDIS_URL: "redis://redis:6379" }, "FRESHET_REDIS_URL leads to another machine without TLS"],
    ["a name that only looks like loopback", { FRESHET_REDIS_URL: "redis://localhost.evil.example" }, "without TLS"],
    ["certificates without TLS", { FRESHET_KAFKA_CA: PEM }, "have no meaning without TLS"],
    ["a certificate without its key", { FRESHET_KAFKA_SSL: "1", FRESHET_KAFKA_CERT: PEM }, "only one is set"],
    ["Redis certificates without TLS", { FRESHET_REDIS_URL: "redis://localhost", FRESHET_REDIS_CA: PEM }, "have no meaning without TLS"],
    ["half a login", { FRESHET_KAFKA_SASL_USERNAME: "u" }, "only some are set"],
    ["two passwords", { FRESHET_REDIS_URL: "redis://:a@localhost", FRESHET_REDIS_PASSWORD: "b" }, "holds credentials"],
    ["sentinels without a name", { FRESHET_REDIS_MODE: "sentinel" }, "FRESHET_REDIS_SENTINEL_NAME is missing"],
    ["a name without sentinels", { FRESHET_REDIS_SENTINEL_NAME: "main" }, "without sentinels"],
  ])("%s is refused", (_what, env, problem) => {
    expect(problemOf(env)).toContain(problem);
  });

  test("plaintext is fine on this machine, and elsewhere when somebody says so", () => {
    const near = ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"];
    for (const host of near) expect(load({ FRESHET_REDIS_URL: `redis://${host}:6379` }).redis.url).not.toBeNull();
    const far = { FRESHET_REDIS_URL: "redis://redis", FRESHET_KAFKA_BROKERS: "kafka:9092" };
    expect(load({ ...far, FRESHET_ALLOW_PLAINTEXT: "true" }).kafka.brokers).toEqual(["kafka:9092"]);
    expect(load({ FRESHET_REDIS_URL: "rediss://redis", FRESHET_KAFKA_BROKERS: "kafka:9093", FRESHET_KAFKA_SSL: "1" }).kafka.ssl).toBe(true);
  });

  test("everything that is wrong is told in one go", () => {
    const problem = problemOf({ FRESHET_MODE: "x", FRESHET_HTTP_PORT: "x", FRESHET_NOPE: "x", FRESHET_REDIS_URL: "redis://far" });
    for (const name of ["4 problems", "FRESHET_MODE", "FRESHET_HTTP_PORT", "FRESHET_NOPE", "FRESHET_REDIS_URL"])
      expect(problem).toContain(name);
  });
});

describe("flags", () => {
  test("are the settings that are no secrets", () => {
    expect(readFlags(["--mode", "observe", "--kafka-brokers=localhost:1", "--config", "x.yaml"])).toEqual({
      mode: "observe",
      "kafka-brokers": "localhost:1",
      config: "x.yaml",
    });
    for (const args of [["--redis-url", "redis://x"], ["--nope"], ["word"]]) expect(() => readFlags(args)).toThrow(FreshetError);
    expect(settings.filter(({ secret, flag }) => secret === true && flag !== null)).toEqual([]);
  });
});

describe("the documentation page", () => {
  test("has a row with every variable, and no default that is a secret", () => {
    const page = configurationPage();
    for (const { env, secret } of settings) {
      expect(page).toContain(`| \`${env}\``);
      if (secret === true) expect(page).toContain(`\`${env}_FILE\``);
    }
  });
});
