import { z } from "zod";
import { secret, settingTexts, text, tlsSettings } from "./config-kinds.js";
import { registrySchema } from "./config-registry.js";
import { Secret } from "./secret.js";

const flag = z.union([z.boolean(), z.stringbool({ truthy: ["true", "1"], falsy: ["false", "0"] })]);
const yesOrNo = "true or false";
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  ),
]);
const broker = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?:([1-9]\d{0,4})$/;
const brokers = list.pipe(z.array(z.string().refine((text) => Number(broker.exec(text)?.[2] ?? Number.NaN) <= 65_535)).max(50));
const port = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,5}$/)
      .transform(Number),
  ])
  .pipe(z.int().min(0).max(65_535));
const seconds = (max: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,4}$/)
        .transform(Number),
    ])
    .pipe(z.int().min(0).max(max));
const canarySeconds = seconds(30);
const dlqLookSeconds = seconds(3600);
const mechanism = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(["plain", "scram-sha-256", "scram-sha-512"]));
const redisUrl = z
  .string()
  .refine(isRedisUrl)
  .transform((text) => new Secret(text));
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);

function isRedisUrl(value: string): boolean {
  if (!/^rediss?:\/\/[^\s]+$/.test(value) || !URL.canParse(value)) return false;
  const { hostname, pathname, search } = new URL(value);
  return hostname !== "" && /^(\/\d{0,4})?$/.test(pathname) && search === "";
}

/** Every setting: its value, default, variable and words. The order is the one in which they are documented. */
export const configSchema = z.object({
  deployment: name.default("default").register(settingTexts, {
    env: "FRESHET_DEPLOYMENT",
    text: "Names this deployment: its consumer group and its own topics carry it.",
    accepts: "at most 100 letters, digits, dots, dashes and underscores, a letter or digit first",
  }),
  rules: text.nullable().default(null).register(settingTexts, {
    env: "FRESHET_RULES",
    text: "The rules file.",
    accepts: "the path of a rules file",
    path: true,
  }),
  mode: z.enum(["apply", "observe"]).default("apply").register(settingTexts, {
    env: "FRESHET_MODE",
    text: "`observe` does everything but write to Redis, and counts what it would have done.",
    accepts: "apply or observe",
  }),
  kafka: z.object({
    brokers: brokers.default([]).register(settingTexts, {
      env: "FRESHET_KAFKA_BROKERS",
      text: "Brokers to begin with, with commas in between: `a:9092,b:9092`.",
      accepts: "a list of host:port with commas in between (host names or IPv4 addresses)",
      defaultText: "",
    }),
    group: name.nullable().default(null).register(settingTexts, {
      env: "FRESHET_KAFKA_GROUP",
      text: "The consumer group.",
      accepts: "at most 100 letters, digits, dots, dashes and underscores, a letter or digit first",
      defaultText: "freshet-<deployment>, with -observe behind it in that mode",
    }),
    ssl: flag.default(false).register(settingTexts, {
      env: "FRESHET_KAFKA_SSL",
      text: "Talk TLS with the brokers.",
      accepts: yesOrNo,
    }),
    ...tlsSettings("FRESHET_KAFKA", "the brokers"),
    saslMechanism: mechanism.nullable().default(null).register(settingTexts, {
      env: "FRESHET_KAFKA_SASL_MECHANISM",
      text: "How to log in to the brokers.",
      accepts: "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (other mechanisms are not in this release)",
    }),
    saslUsername: text.nullable().default(null).register(settingTexts, {
      env: "FRESHET_KAFKA_SASL_USERNAME",
      text: "The user at the brokers.",
      accepts: "a text",
      secret: true,
    }),
    saslPassword: secret.nullable().default(null).register(settingTexts, {
      env: "FRESHET_KAFKA_SASL_PASSWORD",
      text: "The user's password.",
      accepts: "a text",
      secret: true,
    }),
  }),
  redis: z.object({
    url: redisUrl.nullable().default(null).register(settingTexts, {
      env: "FRESHET_REDIS_URL",
      text: "The Redis that holds the cache: `redis://host:6379/0`, or `rediss://` for TLS.",
      accepts: "redis://[user:password@]host[:port][/database], or the same with rediss://",
      secret: true,
    }),
    mode: z.enum(["standalone", "cluster", "sentinel"]).default("standalone").register(settingTexts, {
      env: "FRESHET_REDIS_MODE",
      text: "What the URL leads to: one server, any server of a Redis Cluster, or a sentinel.",
      accepts: "standalone, cluster or sentinel",
    }),
    sentinelName: text.nullable().default(null).register(settingTexts, {
      env: "FRESHET_REDIS_SENTINEL_NAME",
      text: "The name of the master that the sentinels watch.",
      accepts: "a text",
    }),
    sentinelUsername: text.nullable().default(null).register(settingTexts, {
      env: "FRESHET_REDIS_SENTINEL_USERNAME",
      text: "The user at the sentinels, where they have users of their own.",
      accepts: "a text",
      secret: true,
    }),
    sentinelPassword: secret.nullable().default(null).register(settingTexts, {
      env: "FRESHET_REDIS_SENTINEL_PASSWORD",
      text: "The password at the sentinels, where they want one.",
      accepts: "a text",
      secret: true,
    }),
    username: text.nullable().default(null).register(settingTexts, {
      env: "FRESHET_REDIS_USERNAME",
      text: "The user, where the URL holds none.",
      accepts: "a text",
      secret: true,
    }),
    password: secret.nullable().default(null).register(settingTexts, {
      env: "FRESHET_REDIS_PASSWORD",
      text: "The password, where the URL holds none.",
      accepts: "a text",
      secret: true,
    }),
    ...tlsSettings("FRESHET_REDIS", "Redis"),
    prefix: z
      .string()
      .regex(/^[!-z|~]{1,100}$/)
      .default("fr:")
      .register(settingTexts, {
        env: "FRESHET_REDIS_PREFIX",
        text: "Before each of Freshet's own keys, so that deployments can share a Redis.",
        accepts: "at most 100 visible ASCII characters without braces",
      }),
  }),
  schemaRegistry: registrySchema,
  allowPlaintext: flag.default(false).register(settingTexts, {
    env: "FRESHET_ALLOW_PLAINTEXT",
    text: "Talk to brokers, Redis and the schema registry on other machines without TLS.",
    accepts: yesOrNo,
  }),
  allowEviction: flag.default(false).register(settingTexts, {
    env: "FRESHET_ALLOW_EVICTION",
    text: "Accept a Redis that evicts keys: an evicted floor lets a lagging load bring an old value back.",
    accepts: yesOrNo,
  }),
  canarySeconds: canarySeconds.default(0).register(settingTexts, {
    env: "FRESHET_CANARY_SECONDS",
    text: "How often a canary goes through Kafka, rules and Redis, on its own topic `freshet.canary.<deployment>`, and through partitions of sources with `canary: true`; 0 is never, as is observe mode.",
    accepts: "a whole number from 0 to 30",
  }),
  dlqLookSeconds: dlqLookSeconds.default(0).register(settingTexts, {
    env: "FRESHET_DLQ_LOOK_SECONDS",
    text: "How often dead letters are looked through for the oldest that nobody has resolved, for `freshet_dlq_oldest_age_seconds`; 0 is never. It needs rights of its own on Kafka.",
    accepts: "a whole number from 0 to 3600",
  }),
  traces: flag.default(false).register(settingTexts, {
    env: "FRESHET_TRACES",
    text: "Follow each slice with OpenTelemetry: an SDK must be registered, see [traces](traces.md).",
    accepts: yesOrNo,
  }),
  http: z.object({
    host: text.default("127.0.0.1").register(settingTexts, {
      env: "FRESHET_HTTP_HOST",
      text: "Where the admin port listens; `0.0.0.0` in a container.",
      accepts: "an address of this machine",
    }),
    port: port.default(9464).register(settingTexts, {
      env: "FRESHET_HTTP_PORT",
      text: "The admin port: probes and metrics. 0 takes any that is free.",
      accepts: "a whole number from 0 to 65535",
    }),
  }),
  logLevel: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info").register(settingTexts, {
    env: "FRESHET_LOG_LEVEL",
    text: "`info` has one line a slice, `debug` one a record.",
    accepts: "fatal, error, warn, info, debug, trace or silent",
  }),
});

/** The settings as they are used. */
export type Settings = z.infer<typeof configSchema>;
