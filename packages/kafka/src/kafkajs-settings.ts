import { isIP, type Socket, connect as tcpConnect } from "node:net";
import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import type { ConsumerConfig, ISocketFactoryArgs, KafkaConfig, LogEntry, ProducerConfig, RetryOptions, SASLOptions } from "kafkajs";
import kafkajs from "kafkajs";
import { FLAT_FETCH_MAX_BYTES } from "./patches.js";
import { refusePlaintext } from "./plaintext.js";

/** Where kafkajs' own talk goes: the shape of pino. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface KafkaClientOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: ConnectionOptions;
  readonly sasl?: SaslUser;
  /** Asked at each new connection for what is valid by then; the two above when absent. */
  readonly renew?: () => Pick<KafkaClientOptions, "ssl" | "sasl">;
  /** Where connections without TLS may lead; anywhere when absent. Brokers name each other, so the list above does not tell. */
  readonly plaintext?: "anywhere" | "loopback";
  readonly logger?: KafkaLogger;
}

export interface SaslUser {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: string;
}

/** Passed to consumer and producer as well: kafkajs' own defaults there silently replace the client's. */
export const retry: RetryOptions = { initialRetryTime: 200, retries: 8, maxRetryTime: 5000 };

/**
 * For consumers and their connections: about 75 s of outage are sat out by the same member and without a rebalance. A new
 * consumer would have to wait for the old one's session to end. kafkajs never counts these anew: they are for outages, and
 * handlers' errors never get there.
 */
export const consumerRetry: RetryOptions = { initialRetryTime: 200, retries: 40, maxRetryTime: 2000 };

/** Consumer settings; what differs from kafkajs' default says why. */
export const consumerSettings: Omit<ConsumerConfig, "groupId"> = {
  sessionTimeout: 20_000, // a dead member's partitions move within 20 s; below that, pauses of the runtime look like death
  heartbeatInterval: 3000,
  rebalanceTimeout: 45_000, // handlers finish well before: their deadline is 30 s, a slice's 10 s
  maxWaitTimeInMs: 500, // bounds stop, rejoin and resume; adds no latency, for one byte ends the wait
  minBytes: 1,
  maxBytesPerPartition: 524_288, // a fetch brings enough to be worth its pause, and eight partitions fit into one, so that none waits for the others
  maxBytes: FLAT_FETCH_MAX_BYTES, // 4 MiB: bounds memory. Its odd last digits are how the patches know our fetches
  metadataMaxAge: 30_000, // new partitions are found within 30 s and read from their beginning
  allowAutoTopicCreation: false, // a misspelt topic must not come to life
  readUncommitted: false,
  // kafkajs' own restart can come back to life after a stop; our supervisor makes new consumers
  retry: { ...consumerRetry, restartOnFailure: async () => false },
};

/** The producer is plain: kafkajs' idempotent one can drop a record after a timeout whose request did arrive. */
export const producerSettings: ProducerConfig = {
  allowAutoTopicCreation: false,
  metadataMaxAge: 30_000,
  retry: { ...retry, retries: 5 },
};

const SOCKET_KEEP_ALIVE_MS = 10_000;
const SOCKET_IDLE_MS = 45_000;

/** Administration fails soon: whoever asked has a better idea of when to ask again. */
export const adminRetry: RetryOptions = { initialRetryTime: 200, retries: 4, maxRetryTime: 1000 };

export function createClient(options: KafkaClientOptions, clientRetry: RetryOptions): kafkajs.Kafka {
  return new kafkajs.Kafka(clientConfig(options, clientRetry));
}

export function clientConfig(options: KafkaClientOptions, clientRetry: RetryOptions): KafkaConfig {
  const { logger } = options;
  return {
    brokers: [...options.brokers],
    clientId: options.clientId,
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    ...(options.sasl === undefined ? {} : { sasl: liveSasl(options.sasl, options.renew) }),
    connectionTimeout: 5000, // 1 s is too short for TLS and SASL
    authenticationTimeout: 10_000,
    requestTimeout: 12_000, // a black-holed broker is given up after 12 s, not 30
    retry: clientRetry,
    socketFactory: (asked) => {
      const socket = openSocket(options.renew === undefined || !asked.ssl ? asked : { ...asked, ssl: options.renew().ssl ?? asked.ssl });
      if (!asked.ssl && options.plaintext === "loopback") refusePlaintext(socket, asked.host);
      return socket;
    },
    logLevel: logger === undefined ? kafkajs.logLevel.NOTHING : kafkajs.logLevel.INFO,
    logCreator: () => (entry) => logger !== undefined && forward(entry, logger),
  };
}

/** kafkajs puts things of its own into what it is given, and looks at user and password whenever it logs in. */
function liveSasl(sasl: SaslUser, renew: KafkaClientOptions["renew"]): SASLOptions {
  const now = (): SaslUser => renew?.().sasl ?? sasl;
  return {
    mechanism: sasl.mechanism,
    get username() {
      return now().username;
    },
    get password() {
      return now().password;
    },
  };
}

/**
 * A broker that swallows requests keeps its socket, and retries go on using it: so a socket that is silent for 45 s is closed.
 * kafkajs hears of it first and rejects what waits, then the socket is destroyed, which it would not do itself.
 */
function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = ssl ? tlsConnect({ host, port, ...servername, ...ssl }, onConnect) : tcpConnect({ host, port }, onConnect);
  socket.setKeepAlive(true, SOCKET_KEEP_ALIVE_MS);
  socket.setTimeout(SOCKET_IDLE_MS, () => setImmediate(() => socket.destroy()));
  return socket;
}

/** Chosen fields only: kafkajs' entries may hold whole requests. Its errors are our warnings: the supervisor mends most. */
function forward(entry: LogEntry, logger: KafkaLogger): void {
  const { message, broker, topic, partition, groupId, error } = entry.log;
  const cause = typeof error === "string" ? error : undefined;
  const fields = { component: "kafkajs", part: entry.namespace, broker, topic, partition, groupId, cause };
  if (entry.level === kafkajs.logLevel.ERROR || entry.level === kafkajs.logLevel.WARN) logger.warn(fields, message);
  else logger.debug(fields, message);
}
