import { setTimeout as sleep } from "node:timers/promises";
import { FreshetError } from "@freshet/protocol";
import type { Kafka } from "kafkajs";
import { fromKafkajs, isKafkajsError, protocolTypeOf } from "./kafka-errors.js";
import { type KafkajsCluster, openCluster } from "./kafkajs-cluster.js";
import type { TopicPartition } from "./port.js";
import { settlesWithin, within } from "./within.js";

/** How long calls may take, in milliseconds. */
export interface CallTiming {
  /** One call; some of kafkajs' never settle. */
  readonly callTimeoutMs: number;
  /** How long one thing is tried again before trouble is told. */
  readonly patienceMs: number;
}

export interface ClusterCallsOptions {
  readonly timing: CallTiming;
  /** Done before each connection; what it throws fails the call. */
  readonly check?: () => Promise<void>;
}

export interface Persistence {
  /** Replaces the timing's own. */
  readonly patienceMs?: number;
  /** Aborted: nothing is tried again. */
  readonly stop?: AbortSignal;
}

/** A topic that was just made is not known to every broker at once. */
const MISSING_PATIENCE_MS = 3000;
const FIRST_PAUSE_MS = 100;
const PAUSE_MAX_MS = 2000;
const CLOSE_TIMEOUT_MS = 3000;

/** Requests to brokers over one connection each, with deadlines, tried again while brokers are away. */
export class ClusterCalls {
  readonly #kafka: Kafka;
  readonly #timing: CallTiming;
  readonly #check: () => Promise<void>;
  #connecting: Promise<KafkajsCluster> | null = null;
  #closed = false;

  constructor(kafka: Kafka, { timing, check = async () => undefined }: ClusterCallsOptions) {
    this.#kafka = kafka;
    this.#timing = timing;
    this.#check = check;
  }

  /**
   * What `work` answers. Troubles that time mends are waited for, up to the patience.
   *
   * @param doing as in "Kafka did not answer while reading offsets"
   * @throws FreshetError `wait` when the patience is over, `halt` for what time does not mend.
   */
  async persist<T>(doing: string, work: (cluster: KafkajsCluster) => Promise<T>, options: Persistence = {}): Promise<T> {
    const patienceMs = options.patienceMs ?? this.#timing.patienceMs;
    const sinceMs = performance.now();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 2)) {
      try {
        return await this.once(doing, work);
      } catch (error) {
        const trouble = fromKafkajs(error, doing);
        const isMissing = trouble.code === "FR3002" && protocolTypeOf(error) !== null;
        const leftMs = (isMissing ? Math.min(MISSING_PATIENCE_MS, patienceMs) : patienceMs) - (performance.now() - sinceMs);
        if ((trouble.disposition !== "wait" && !isMissing) || leftMs <= pauseMs || options.stop?.aborted === true) throw trouble;
        await sleep(pauseMs, undefined, options.stop === undefined ? {} : { signal: options.stop }).catch(() => undefined);
      }
    }
  }

  /** One try. What kafkajs threw comes as the cause of a FreshetError. */
  async once<T>(doing: string, work: (cluster: KafkajsCluster) => Promise<T>): Promise<T> {
    if (this.#closed) throw new FreshetError("FR3001", "halt", `the client was closed while ${doing}`, "Make another one.");
    const connecting = this.#connecting ?? this.#connect();
    this.#connecting = connecting;
    connecting.catch(() => this.#drop(connecting)); // also when it fails for a reason that time does not mend
    try {
      return await within(this.#timing.callTimeoutMs, connecting.then(work), doing);
    } catch (error) {
      // The broker's answers leave the connection usable; after anything else the next call takes a new one.
      if (protocolTypeOf(error) === null && !(error instanceof FreshetError && error.code !== "FR3001")) this.#drop(connecting);
      if (isKafkajsError(error) || error instanceof FreshetError) throw fromKafkajs(error, doing);
      // Lost connections come out of kafkajs as errors of its own making.
      throw new FreshetError("FR3001", "wait", `Kafka did not answer while ${doing}`, "Check that the brokers are reachable.", error);
    }
  }

  /**
   * Who leads each partition of these topics; missing topics are left out. One topic a call: with several, one that is missing
   * or without a leader fails them all.
   */
  async leaders(topics: readonly string[], options: Persistence = {}): Promise<readonly (TopicPartition & { readonly leader: number })[]> {
    const found = [];
    for (const topic of new Set(topics)) {
      const doing = `describing topic ${topic}`;
      found.push(...(await this.persist(doing, (cluster) => leadersOf(cluster, topic), options)));
    }
    return found;
  }

  /** Calls that are tried again fail with their next try. */
  async close(): Promise<void> {
    this.#closed = true;
    const last = this.#connecting;
    this.#connecting = null;
    if (last === null) return;
    await settlesWithin(
      CLOSE_TIMEOUT_MS,
      last.then((cluster) => cluster.disconnect()),
    );
  }

  async #connect(): Promise<KafkajsCluster> {
    await this.#check();
    const cluster = openCluster(this.#kafka);
    await cluster.connect();
    return cluster;
  }

  #drop(connecting: Promise<KafkajsCluster>): void {
    if (this.#connecting === connecting) this.#connecting = null;
    connecting.then((cluster) => cluster.disconnect()).catch(() => undefined);
  }
}

async function leadersOf(cluster: KafkajsCluster, topic: string): Promise<readonly (TopicPartition & { readonly leader: number })[]> {
  try {
    const metadata = await cluster.metadata({ topics: [topic] });
    if (metadata === null) throw new FreshetError("FR3001", "wait", "no broker answered", "Check that the brokers are reachable.");
    const known = metadata.topicMetadata.find((entry) => entry.topic === topic);
    return (known?.partitionMetadata ?? []).map(({ partitionId, leader }) => ({ topic, partition: partitionId, leader }));
  } catch (error) {
    if (protocolTypeOf(error) === "UNKNOWN_TOPIC_OR_PARTITION") return [];
    throw error;
  }
}
