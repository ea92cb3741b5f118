import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { createKafkajsPort, type KafkajsPortOptions, type KafkaLogger, type KafkaPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { createRedisStore, type RedisStoreConfig, type StoreLogger, type StorePort } from "@freshet/store";
import type { Config } from "./config.js";
import type { Settings } from "./config-schema.js";
import type { Secret } from "./secret.js";

/** Who hears of trouble below the ports. */
export interface ConnectOptions<L> {
  readonly logger?: L;
  /** Told of every trouble of the connection, also while nobody calls. */
  readonly onError?: (error: FreshetError) => void;
}

/**
 * The broker of this configuration. Nothing is sent before the first call.
 *
 * @throws FreshetError FR1002 when no broker is configured.
 */
export async function connectKafka(config: Config, options: Pick<ConnectOptions<KafkaLogger>, "logger"> = {}): Promise<KafkaPort> {
  const { kafka } = config;
  if (kafka.brokers.length === 0) throw missing("FRESHET_KAFKA_BROKERS", "Name your brokers: host:port, with commas in between.");
  return createKafkajsPort({
    brokers: kafka.brokers,
    clientId: kafka.group,
    clock: { nowMs: () => Date.now() },
    ...accessOf(kafka),
    renew: () => accessOf(config.renewed().kafka),
    plaintext: plaintextOf(config),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
  });
}

/** Who uses the store, and what its rules make of eviction: both are for its start-up probe. And what it waits for. */
export type StoreOptions = ConnectOptions<StoreLogger> & Pick<RedisStoreConfig, "role" | "evictionIsHarmless" | "timeouts">;

/**
 * The Redis of this configuration. Nothing is sent before the first call.
 *
 * @throws FreshetError FR1002 when none is configured, or one that cannot be of its mode.
 */
export async function connectStore(config: Config, options: StoreOptions = {}): Promise<StorePort> {
  const { url, mode, sentinelName, prefix } = config.redis;
  if (url === null) throw missing("FRESHET_REDIS_URL", "Say where Redis is: redis://host:6379.");
  return createRedisStore({
    url: url.reveal(),
    mode,
    ...(sentinelName === null ? {} : { sentinelName }),
    prefix,
    allowEviction: config.allowEviction,
    readOnly: config.mode === "observe",
    options: redisOptions(config.redis, new URL(url.reveal())),
    renew: () => renewedOptions(config),
    plaintext: plaintextOf(config),
    ...options,
  });
}

/** Addresses that servers tell of each other are held to what the configuration's own are. */
function plaintextOf({ allowPlaintext }: Config): "anywhere" | "loopback" {
  return allowPlaintext ? "anywhere" : "loopback";
}

/** What the URL holds comes first there, as at the start. */
function renewedOptions(config: Config): ReturnType<NonNullable<RedisStoreConfig["renew"]>> {
  const { redis } = config.renewed();
  if (redis.url === null) return {};
  const url = new URL(redis.url.reveal());
  const { username, password, tls, sentinelUsername, sentinelPassword } = redisOptions(redis, url);
  return {
    ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
  };
}

function redisOptions(redis: Settings["redis"], { protocol, hostname }: URL): NonNullable<RedisStoreConfig["options"]> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return {
    connectionName: "freshet",
    ...(redis.username === null ? {} : { username: redis.username }),
    ...(redis.password === null ? {} : { password: redis.password.reveal() }),
    ...(redis.sentinelUsername === null ? {} : { sentinelUsername: redis.sentinelUsername }),
    ...(redis.sentinelPassword === null ? {} : { sentinelPassword: redis.sentinelPassword.reveal() }),
    ...(protocol === "rediss:" ? { tls: { ...servername, ...tlsOf(redis) } } : {}),
  };
}

/** No `rejectUnauthorized` here, ever: TLS without a check of the peer is plaintext that looks better. */
function tlsOf({ ca, cert, key }: Record<"ca" | "cert" | "key", Secret | null>): Pick<ConnectionOptions, "ca" | "cert" | "key"> {
  return {
    ...(ca === null ? {} : { ca: ca.reveal() }),
    ...(cert === null ? {} : { cert: cert.reveal() }),
    ...(key === null ? {} : { key: key.reveal() }),
  };
}

function accessOf(kafka: Settings["kafka"]): Pick<KafkajsPortOptions, "ssl" | "sasl"> {
  const { ssl, saslMechanism: mechanism, saslUsername: username, saslPassword } = kafka;
  const isUser = mechanism !== null && username !== null && saslPassword !== null;
  return {
    ...(ssl ? { ssl: tlsOf(kafka) } : {}),
    ...(isUser ? { sasl: { mechanism, username, password: saslPassword.reveal() } } : {}),
  };
}

function missing(variable: string, fix: string): FreshetError {
  return new FreshetError("FR1002", "usage", `${variable} is not set`, fix);
}
