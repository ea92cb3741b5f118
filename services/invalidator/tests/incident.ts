import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "@freshet/replay";
import { Kafka, logLevel } from "kafkajs";
import { startFreshet } from "./freshet-process.js";
import { openScene, type Scene, type SceneOptions } from "./scene.js";
import { rulesFile } from "./workload.js";

/** What was deployed by mistake: some events fail where they should not, the others bust a family that nobody reads any more. */
function wrongRules(topic: string, keyPrefix: string): string {
  return rulesFile(topic, keyPrefix)
    .replace(`op == "delete" || !has(previous.price) || data.price != previous.price`, "data.price != previous.price")
    .replace(`- { family: product, with: { id: "subject" } }`, `- { family: decoy, with: { id: "subject" } }`)
    .replace("rules:\n", `  decoy: { key: "${keyPrefix}decoy:{id}", ttl: 24h, entry: { kind: opaque } }\nrules:\n`);
}

/** A scene whose service runs wrong rules, with the topics that replays need and the corrected file at hand. */
export interface Incident {
  /** Of the deployment. */
  readonly name: string;
  readonly scene: Scene;
  /** Path of the corrected rules file. */
  readonly corrected: string;
  /** Runs `freshet` against the scene, with the wrong rules as those that run. */
  start(argv: readonly string[]): ReturnType<typeof startFreshet>;
  /** Runs it to its end and reads what it printed as JSON. */
  json<T>(argv: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string; readonly printed: T }>;
  /** The state a job last wrote down; as `replay status` shows it, at less cost to what runs beside. */
  job(id: string): Promise<Job>;
  /** The consumer groups of this deployment whose names begin so. */
  groupsOf(prefix: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openIncident(options: Omit<SceneOptions, "rules">): Promise<Incident> {
  const { name, broker, redisUrl } = options;
  const scene = await openScene({ ...options, rules: wrongRules });
  const folder = await mkdtemp(join(tmpdir(), "freshet-incident-"));
  const [wrong, corrected] = [join(folder, "wrong.yaml"), join(folder, "corrected.yaml")];
  await writeFile(wrong, wrongRules(scene.topic, scene.keyPrefix));
  await writeFile(corrected, rulesFile(scene.topic, scene.keyPrefix));
  await scene.topics.create({
    [`freshet.jobs.${name}`]: { partitions: 1, config: { "cleanup.policy": "compact" } },
    [`freshet.audit.${name}`]: { partitions: 1 },
  });
  const env = {
    FRESHET_DEPLOYMENT: name,
    FRESHET_RULES: wrong,
    FRESHET_KAFKA_BROKERS: broker,
    FRESHET_REDIS_URL: redisUrl,
    FRESHET_REDIS_PREFIX: `${name}:fr:`,
  };
  const start = (argv: readonly string[]) => startFreshet(argv, env);
  return {
    name,
    scene,
    corrected,
    start,
    json: async (argv) => {
      const { code, stdout, stderr } = await start([...argv, "--json"]).ended;
      if (stdout === "") throw new Error(`freshet ${argv.join(" ")} ended with ${code} and printed nothing:\n${stderr}`);
      return { code, stderr, printed: JSON.parse(stdout) };
    },
    job: async (id) => {
      const states = await scene.topics.readAll(`freshet.jobs.${name}`);
      const last = states.findLast(({ key }) => key?.toString() === `job/${id}`);
      if (last === undefined) throw new Error(`there is no job ${id}`);
      return JSON.parse(String(last.value));
    },
    groupsOf: async (prefix) => (await groupsOf(broker)).filter((group) => group.startsWith(`${prefix}${name}`)),
    close: async () => {
      await scene.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function groupsOf(broker: string): Promise<readonly string[]> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return (await admin.listGroups()).groups.map(({ groupId }) => groupId);
  } finally {
    await admin.disconnect();
  }
}
