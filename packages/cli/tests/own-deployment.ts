import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testKafkaBroker, testRedisUrl } from "@freshet/testkit";

/** A deployment of one test file on the Kafka and Redis of the run. */
export interface OwnDeployment {
  /** For files of the test. */
  readonly folder: string;
  /** What `freshet` needs to be of it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Writes `rules.yaml`; makes no topic. */
export async function openDeployment(name: string, rules: string): Promise<OwnDeployment> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-cli-"));
  const file = join(folder, "rules.yaml");
  await writeFile(file, rules);
  const env = {
    FRESHET_DEPLOYMENT: name,
    FRESHET_KAFKA_BROKERS: testKafkaBroker(),
    FRESHET_REDIS_URL: testRedisUrl(),
    FRESHET_RULES: file,
    FRESHET_HTTP_PORT: "0",
    FRESHET_ALLOW_EVICTION: "true",
  };
  return { folder, env, close: () => rm(folder, { recursive: true }) };
}
