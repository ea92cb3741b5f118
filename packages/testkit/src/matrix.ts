import { createKafkajsPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { givenMatrix } from "./config.js";
import { freshTopic } from "./fresh.js";
import { fetchPrograms } from "./servers/debian-packages.js";
import { type OwnKafka, startKafka } from "./servers/kafka.js";
import { ensureKafkaJars, KAFKA_VERSIONS } from "./servers/kafka-jars.js";
import { lastLines, runProgram } from "./servers/run-program.js";
import type { Say } from "./servers/system-packages.js";

export { startRedis } from "./servers/redis.js";

/** A server that the store must work with. */
export interface MatrixServer {
  /** Product and version as it tells them, e.g. `Redis 8.0.2`. */
  readonly name: string;
  /** Full path, to be used in place of `redis-server`. */
  readonly program: string;
}

/** The newest of both that a release of Debian holds; the system's own Redis is what `npm test` takes. */
const NEWEST = { release: "trixie", packages: ["redis-server", "valkey-server"], programs: ["redis-server", "valkey-server"] } as const;
/**
 * The releases of Apache Kafka of the matrix, fetched if they are not there.
 *
 * @throws FreshetError `usage` that says why there is none.
 */
export async function provideKafkas(say: Say): Promise<readonly { readonly name: string; readonly version: string }[]> {
  try {
    for (const version of KAFKA_VERSIONS) await ensureKafkaJars(say, version);
    return KAFKA_VERSIONS.map((version) => ({ name: `Apache Kafka ${version}`, version }));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new FreshetError(
      "FR1002",
      "usage",
      `no Kafka to test with: ${problem}`,
      "Install Maven and Java 17 or newer, and let Maven fetch.",
    );
  }
}

/**
 * A Kafka that has had a consumer group: its first one waits for the topic of offsets to be made, and may see records twice
 * meanwhile, which is allowed and not what tests expect.
 */
export async function startWarmKafka(version: string): Promise<OwnKafka> {
  const server = await startKafka({ version });
  const port = createKafkajsPort({ brokers: [server.broker], clientId: "freshet-matrix", clock: { nowMs: () => Date.now() } });
  const topic = freshTopic("warm");
  const stop = new AbortController().signal;
  await port.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }]);
  await port.read({ group: topic, ranges: [{ topic, partition: 0, from: 0, to: 0 }], onBatch: async () => undefined, stop });
  await port.close();
  return server;
}

const VERSION_TIMEOUT_MS = 20_000;

/**
 * The servers of the compatibility matrix: those that FRESHET_TEST_MATRIX names, else Redis 8 and Valkey 8 from Debian's
 * packages.
 *
 * @throws FreshetError `usage` that says how to get some.
 */
export async function provideMatrix(say: Say): Promise<readonly MatrixServer[]> {
  try {
    const given = givenMatrix();
    const programs = given.length > 0 ? given : await fetchPrograms(NEWEST, say);
    return await Promise.all(programs.map(async (program) => ({ name: await nameOf(program), program })));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const fix =
      "Run it on Debian with its package lists (apt-get update), or name servers you have: " +
      "FRESHET_TEST_MATRIX=/path/of/redis-server:/path/of/valkey-server.";
    throw new FreshetError("FR1002", "usage", `no servers to test with: ${problem}`, fix);
  }
}

async function nameOf(program: string): Promise<string> {
  const { code, output } = await runProgram([program, "--version"], { timeoutMs: VERSION_TIMEOUT_MS });
  const [, product = "", version = ""] = /^(\w+)?.*?\bv=(\d\S*)/.exec(output) ?? [];
  if (code !== 0 || version === "") throw new Error(`${program} is no Redis and no Valkey:\n${lastLines(output, 3)}`);
  return `${product} ${version}`;
}
