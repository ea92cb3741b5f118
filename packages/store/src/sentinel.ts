import type { RedisOptions } from "ioredis";
import { databaseOf } from "./database.js";

const SENTINEL_PORT = 26_379;

/**
 * What lets the client find its master through sentinels. The URL names one sentinel, which knows the others; user,
 * password and database are those of the master.
 *
 * @param settings the options of the connection itself; its time-outs and pauses hold for sentinels too.
 */
export function sentinelSettings(url: string, name: string, settings: RedisOptions): RedisOptions {
  const { protocol, hostname, port, username, password } = new URL(url);
  const { connectTimeout = 0, commandTimeout = 0, retryStrategy, tls } = settings;
  const pause = (times: number): number => {
    const pauseMs = retryStrategy?.(times);
    return typeof pauseMs === "number" ? pauseMs : connectTimeout;
  };
  return {
    sentinels: [{ host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? SENTINEL_PORT : Number(port) }],
    name,
    role: "master",
    // A master that is paused and replaced keeps its sockets open: only the sentinels tell.
    failoverDetector: true,
    sentinelCommandTimeout: commandTimeout,
    // Never null: whoever gives up never comes back by itself.
    sentinelRetryStrategy: pause,
    sentinelReconnectStrategy: pause,
    ...(username === "" ? {} : { username: decodeURIComponent(username) }),
    ...(password === "" ? {} : { password: decodeURIComponent(password) }),
    db: databaseOf(url, settings.db),
    ...(protocol === "rediss:" ? { ...sentinelTls(tls ?? {}), enableTLSForSentinelMode: true } : {}),
  };
}

/** The name in the URL is a sentinel's: the master is checked by the name or address that the sentinels tell. */
export function sentinelTls(tls: NonNullable<RedisOptions["tls"]>): Pick<RedisOptions, "tls" | "sentinelTLS"> {
  const { servername: _sentinels, ...master } = tls;
  return { tls: master, sentinelTLS: tls };
}
