import type { FreshetError } from "@freshet/protocol";
import type { Redis, RedisOptions } from "ioredis";
import { classify, classifyTls, isTimeout, reasonOf } from "./classify.js";
import { databaseOf, unselected } from "./database.js";
import { withDeadline } from "./deadline.js";
import { scripts } from "./generated/scripts.js";
import { isHeldToLoopback, onlyLoopback } from "./plaintext.js";
import { RedisClient } from "./redis-client.js";
import { sentinelSettings, sentinelTls } from "./sentinel.js";

/** What the store says about its connection; pino fits. */
export interface StoreLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RedisTimeouts {
  /** One command, 2 s. */
  readonly commandMs: number;
  /** Silence of the socket while commands wait, 5 s; then it is torn down. Longer than any script may take. */
  readonly socketMs: number;
  /** One attempt to connect, 3 s. */
  readonly connectMs: number;
  /** How long a call waits for a connection that is being made again, 1.5 s: one attempt always fits in. */
  readonly readyMs: number;
  /** A whole call of the store, 10 s. */
  readonly deadlineMs: number;
}

export interface RedisConnectionConfig {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** What the URL does not hold: credentials, database, TLS. */
  readonly options?: Pick<
    RedisOptions,
    "username" | "password" | "db" | "tls" | "connectionName" | "sentinelUsername" | "sentinelPassword"
  >;
  /** Asked before each new connection for the users, passwords and certificates that are valid by then. */
  readonly renew?: () => Pick<RedisOptions, "username" | "password" | "tls" | "sentinelUsername" | "sentinelPassword">;
  /** Where connections without TLS may lead; anywhere when absent. Sentinels and clusters name servers that the URL does not. */
  readonly plaintext?: "anywhere" | "loopback";
  readonly timeouts?: Partial<RedisTimeouts>;
  readonly logger?: StoreLogger;
  /** Told of every trouble of the connection, also while nobody calls. */
  readonly onError?: (error: FreshetError) => void;
  /** Jitter of reconnects, in [0, 1). */
  readonly random?: () => number;
  /** `host:port` of a server of a cluster. */
  readonly server?: string;
  /** The name of a master that sentinels watch; the URL leads to one of these then. */
  readonly sentinelName?: string;
}

const RETRY_MS_MAX = 1_000;
export const defaultTimeouts: RedisTimeouts = { commandMs: 2_000, socketMs: 5_000, connectMs: 3_000, readyMs: 1_500, deadlineMs: 10_000 };

/**
 * One connection to one Redis, made on first use and made again for ever until it is closed. Loads the scripts each
 * time it gets ready, and is never ready in another database than the one that is wanted.
 */
export class RedisConnection {
  readonly #client: RedisClient;
  readonly #database: number;
  readonly #timeouts: RedisTimeouts;
  readonly #config: RedisConnectionConfig;
  readonly #label: { readonly server?: string };
  #waiting: Promise<void> | null = null;
  #lastError: FreshetError | null = null;
  /** Counts connections that are tried, so that what is late about one is not taken for the next. */
  #attempt = 0;
  #isTornDown = false;
  /** Told already; the client tells it again, at times as late as during the next attempt. */
  #selectError: unknown = null;
  #isRenewing = false;
  #isClosed = false;

  /** @throws FreshetError FR1002 (`usage`) for a database that is no number. */
  constructor(config: RedisConnectionConfig) {
    this.#config = config;
    this.#label = config.server === undefined ? {} : { server: config.server };
    this.#timeouts = { ...defaultTimeouts, ...config.timeouts };
    const made = settings(this.#timeouts, config.random ?? Math.random);
    const retryStrategy = (times: number) => {
      this.#renewAccess();
      return made.retryStrategy(times);
    };
    this.#database = databaseOf(config.url, config.options?.db);
    const options: RedisOptions = { ...config.options, ...made, retryStrategy };
    const { sentinelName } = config;
    this.#client =
      sentinelName === undefined
        ? new RedisClient(config.url, { ...options, replyMapping: "legacy" })
        : new RedisClient({
            ...options,
            ...sentinelSettings(config.url, sentinelName, options),
            ...(isHeldToLoopback(config) ? { natMap: onlyLoopback } : {}),
            replyMapping: "legacy",
          });
    this.#client.on("connecting", () => {
      this.#attempt += 1;
      this.#isTornDown = false;
    });
    this.#client.onSelect = (outcome) => this.#watchSelect(outcome);
    this.#client.on("error", (error: unknown) => {
      if (!this.#isTornDown && error !== this.#selectError) this.#report(this.#classify(error));
    });
    this.#client.on("ready", () => void this.#prepare());
  }

  /**
   * Without its database a connection must carry no command: the client itself would go on, in database 0. Torn down at once, it does
   * not get ready, and what was in flight on the one before is not sent on it.
   */
  #watchSelect(outcome: Promise<unknown>): void {
    const attempt = this.#attempt;
    outcome.catch((error: unknown) => {
      if (attempt !== this.#attempt || this.#isClosed) return;
      this.#client.disconnect(true);
      this.#selectError = error;
      this.#report(unselected(error, this.#database));
      this.#isTornDown = true;
    });
  }

  /**
   * Runs one call of the store. It settles within its deadline, whatever the network does.
   *
   * @throws FreshetError of any failure; when there is no connection, with its last trouble as the reason.
   */
  async run<T>(work: (client: Redis, signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(this.#timeouts.deadlineMs, async (signal) => {
        await this.#ready();
        return await work(this.#client, signal);
      });
    } catch (thrown) {
      const error = classify(thrown);
      if (isTimeout(error)) this.renew();
      throw error;
    }
  }

  get isReady(): boolean {
    // The client calls a connection that is saying goodbye ready until it is closed, and refuses commands at once.
    return this.#client.status === "ready" && !this.#isRenewing;
  }

  close(): void {
    this.#isClosed = true;
    this.#client.disconnect();
  }

  async #ready(): Promise<void> {
    if (this.isReady) return;
    this.#waiting ??= this.#becomeReady().finally(() => {
      this.#waiting = null;
    });
    await this.#waiting;
  }

  /** Connects anew: after a timeout nobody knows what a connection still holds, and TCP may take minutes to give it up. */
  renew(): void {
    if (!this.isReady) return;
    this.#isRenewing = true;
    this.#client.once("close", () => {
      this.#isRenewing = false;
    });
    this.#client.disconnect(true);
  }

  #renewAccess(): void {
    const { renew, sentinelName } = this.#config;
    if (renew === undefined) return;
    const { tls, ...logins } = renew();
    const certificates = tls === undefined ? {} : sentinelName === undefined ? { tls } : sentinelTls(tls);
    Object.assign(this.#client.options, logins, certificates);
  }

  async #becomeReady(): Promise<void> {
    if (this.#isClosed) throw classify(new Error("Connection is closed."));
    // The client gives up for good when sentinels tell of a failover in the moment in which it asks one of them for the master.
    const isIdle = this.#client.status === "wait" || this.#client.status === "end";
    // A failed first attempt is told by the error event, and tried again.
    if (isIdle) this.#client.connect().catch(() => undefined);
    const isReady = await new Promise<boolean>((resolve) => {
      const settle = (ready: boolean) => () => {
        clearTimeout(timer);
        this.#client.off("ready", onReady).off("end", onEnd);
        resolve(ready);
      };
      const [onReady, onEnd] = [settle(true), settle(false)];
      const timer = setTimeout(onEnd, this.#timeouts.readyMs);
      this.#client.once("ready", onReady).once("end", onEnd);
    });
    if (!isReady) throw this.#lastError ?? this.#classify(new Error("connect ETIMEDOUT"));
  }

  #classify(error: unknown): FreshetError {
    return this.#config.url.startsWith("rediss:") ? classifyTls(error) : classify(error);
  }

  async #prepare(): Promise<void> {
    this.#lastError = null;
    this.#config.logger?.info(this.#label, "Redis is ready");
    // NO-TOUCH (Redis 7.2) keeps our reads from looking like use of an entry; older servers do not know it. In a cluster
    // it kills servers: Redis 8.0 and Valkey 8.1 crash when such a client asks for a key of a slot that is moving.
    const isInCluster = this.#config.server !== undefined;
    const noTouch = isInCluster ? undefined : this.#client.call("CLIENT", "NO-TOUCH", "ON").catch(() => undefined);
    try {
      await Promise.all(Object.values(scripts).map(({ text }) => this.#client.script("LOAD", text)));
    } catch (error) {
      this.#report(classify(error));
    }
    await noTouch;
  }

  #report(error: FreshetError): void {
    this.#lastError = reasonOf(this.#lastError, error);
    this.#config.logger?.warn({ ...this.#label, code: error.code, disposition: error.disposition }, error.message);
    this.#config.onError?.(error);
  }
}

function settings(timeouts: RedisTimeouts, random: () => number) {
  return {
    protocol: 3,
    lazyConnect: true,
    enableReadyCheck: true,
    connectTimeout: timeouts.connectMs,
    // How long a connection that is given up may take to say goodbye.
    disconnectTimeout: 200,
    commandTimeout: timeouts.commandMs,
    socketTimeout: timeouts.socketMs,
    // A queue of commands would send what its caller has long given up, and in a cluster never settles.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // Switched off, the client forgets what was in flight without settling it. Steps are idempotent, so resending is harmless.
    autoResendUnfulfilledCommands: true,
    // Never null: a connection that gives up never comes back by itself.
    retryStrategy: (times: number) => Math.min(50 * 2 ** (times - 1), RETRY_MS_MAX) * (1 - random() / 4),
    // A demoted master stays connected; only a new connection can find the new one.
    reconnectOnError: (error) => (/READONLY/.test(error.message) ? 1 : false),
  } satisfies RedisOptions;
}
