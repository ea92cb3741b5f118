import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@freshet/testkit";
import { Redis } from "ioredis";
import { makeEntries } from "./entries.js";
import { type Expected, foretell, type InitialEntry } from "./oracle.js";
import { differences, writeEntries } from "./redis-entries.js";
import { type ServiceProcess, startProcess } from "./service-process.js";
import { openTopics, type Topics } from "./topics.js";
import { makeWorkload, rulesFile, type Workload, type WorkloadSize } from "./workload.js";

/** Topics, keys, rules file and processes of one test, all of its own. */
export interface Scene {
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly group: string;
  readonly keyPrefix: string;
  readonly redis: Redis;
  readonly topics: Topics;
  /** The service's, for commands beside it. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts the service; `close` ends it at the latest. */
  start(options?: StartOptions): Promise<ServiceProcess>;
  close(): Promise<void>;
}

export interface StartOptions {
  /** The program to run instead of the service's own. */
  readonly file?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface SceneOptions {
  /** Unique, and good for topics and keys. */
  readonly name: string;
  readonly broker: string;
  readonly redisUrl: string;
  readonly partitions: number;
  /** After which the scene's own clients give a broker's answer up. */
  readonly requestTimeoutMs?: number;
  /** The rules file; the workload's by default. */
  readonly rules?: (topic: string, keyPrefix: string) => string;
}

const MAIN = join(import.meta.dirname, "..", "dist", "main.js");
/** As much more than a source's as the protocol wants, and then some. */
const DEAD_LETTER_BYTES_MAX = String(4 * 1024 * 1024);

export async function openScene(options: SceneOptions): Promise<Scene> {
  const { name, broker, redisUrl, partitions, rules = rulesFile } = options;
  const [topic, deadLetterTopic, keyPrefix] = [`${name}.products`, `freshet.dlq.${name}`, `${name}:`];
  const folder = await mkdtemp(join(tmpdir(), "freshet-scene-"));
  await writeFile(join(folder, "rules.yaml"), rules(topic, keyPrefix));
  const topics = await openTopics(broker, name, options.requestTimeoutMs);
  try {
    const deadLetters = { partitions: 3, config: { "max.message.bytes": DEAD_LETTER_BYTES_MAX } };
    await topics.create({ [topic]: { partitions }, [deadLetterTopic]: deadLetters });
  } catch (error) {
    await topics.close();
    throw error;
  }
  const redis = new Redis(redisUrl);
  // While a test has stopped its Redis, this client's connection fails too: it comes back by itself.
  redis.on("error", () => undefined);
  const env = {
    FRESHET_DEPLOYMENT: name,
    FRESHET_RULES: join(folder, "rules.yaml"),
    FRESHET_KAFKA_BROKERS: broker,
    FRESHET_REDIS_URL: redisUrl,
    FRESHET_REDIS_PREFIX: `${name}:fr:`,
    FRESHET_LOG_LEVEL: "info",
  };
  const processes: ServiceProcess[] = [];
  return {
    topic,
    deadLetterTopic,
    group: `freshet-${name}`,
    keyPrefix,
    redis,
    topics,
    env,
    start: async (start = {}) => {
      const started = await startProcess({ file: start.file ?? MAIN, args: start.args ?? [], env: { ...env, ...start.env } });
      processes.push(started);
      return started;
    },
    close: async () => {
      for (const started of processes.filter((one) => !one.isGone())) started.kill("SIGKILL");
      await Promise.all(processes.map(({ exited }) => exited));
      if (redis.status === "ready") await redis.unlink(`${env.FRESHET_REDIS_PREFIX}bounds`);
      redis.disconnect();
      await topics.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A workload with its entries in Redis and what must come of both. */
export interface Act {
  readonly workload: Workload;
  readonly initial: readonly InitialEntry[];
  readonly expected: Expected;
  /** How Redis differs from the end the oracle foretold. */
  differences(): Promise<string[]>;
}

/** Writes the entries; sends nothing yet. */
export async function prepare(scene: Scene, options: { seed: number; size: WorkloadSize; entriesPerKind: number }): Promise<Act> {
  const { seed, size, entriesPerKind } = options;
  const workload = makeWorkload(seed, size);
  const initial = makeEntries({ seed, keyPrefix: scene.keyPrefix, products: workload.products, count: entriesPerKind });
  const expected = foretell({ keyPrefix: scene.keyPrefix, initial, sent: workload.sent });
  await writeEntries(scene.redis, initial);
  return { workload, initial, expected, differences: () => differences(scene.redis, initial, expected) };
}

/** Takes the entries and floors out of a Redis that others use too. */
export async function cleanUp(scene: Scene, act: Act | null): Promise<void> {
  const keys = [...(act?.expected.entries.keys() ?? [])];
  for (let from = 0; from < keys.length; from += 1000) await scene.redis.unlink(keys.slice(from, from + 1000));
}

/** Waits until the group has committed every record of the topic. Fails at once, with its last lines, when the process ends. */
export async function drained(scene: Scene, service: ServiceProcess, records: number): Promise<void> {
  const isDrained = async () => {
    if (service.isGone()) throw new Error(`the service ended by itself:\n${service.output().slice(-4000)}`);
    return (await scene.topics.committed(scene.group, scene.topic)) >= records;
  };
  await until(isDrained, { timeoutMs: 120_000, pollMs: 100, what: `${records} records are committed` });
}

/** Sends the signal and waits for the end. */
export async function stopped(
  service: ServiceProcess,
  signal: NodeJS.Signals,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  service.kill(signal);
  return await service.exited;
}

/** The codes of the partitions that wait, by `/readyz`. */
export async function waitingCodes(service: ServiceProcess): Promise<string[]> {
  return ((await service.readyz())?.body.waiting ?? []).map(({ code }) => code);
}
