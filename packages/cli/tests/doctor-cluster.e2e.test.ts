import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafkajsPort } from "@freshet/kafka";
import { freshPrefix, type OwnKafkaCluster, type OwnRedis, startKafkaCluster, startRedis } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { freshet } from "./process.js";

const deployment = freshPrefix("copies").replaceAll(":", "-");
const folder = mkdtempSync(join(tmpdir(), "freshet-doctor-"));
const rules = join(folder, "rules.yaml");
/** A topic without copies, and one that wants all of them. */
const [lonely, strict] = ["lonely", "strict"].map((name) => `${deployment}.${name}`);

let kafka: OwnKafkaCluster;
let redis: OwnRedis;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  [kafka, redis] = await Promise.all([startKafkaCluster(), startRedis()]);
  const port = createKafkajsPort({ brokers: kafka.brokers.split(","), clientId: deployment, clock: { nowMs: () => Date.now() } });
  await port.createTopics([
    { topic: lonely ?? "", partitions: 3, replicationFactor: 1, config: { "min.insync.replicas": "1" } },
    { topic: strict ?? "", partitions: 1, replicationFactor: 3, config: { "min.insync.replicas": "3" } },
  ]);
  await port.close();
  const sources = [lonely, strict].map((topic, at) => `{ name: s${at}, topic: ${topic}, format: cloudevents, space: s${at} }`);
  writeFileSync(
    rules,
    `freshet: 1
sources: [${sources.join(", ")}]
families: { page: { key: "page:{id}", ttl: 1h } }
rules:
  - { name: r0, source: s0, bust: [{ family: page, with: { id: "subject" } }] }
  - { name: r1, source: s1, bust: [{ family: page, with: { id: "subject" } }] }
`,
  );
  env = {
    FRESHET_DEPLOYMENT: deployment,
    FRESHET_KAFKA_BROKERS: kafka.brokers,
    FRESHET_REDIS_URL: redis.url,
    FRESHET_RULES: rules,
  };
  expect((await freshet(["topics", "create"], env)).code).toBe(0);
}, 540_000);
afterAll(async () => {
  await Promise.all([kafka?.close(), redis?.close()]);
  rmSync(folder, { recursive: true });
});

/** Names and subjects of what it finds, worse than a note. */
async function found(): Promise<readonly string[]> {
  const { stdout } = await freshet(["doctor", "--json"], env);
  const { findings } = JSON.parse(stdout) as {
    readonly findings: readonly { readonly name: string; readonly severity: string; readonly subject: string }[];
  };
  return findings.filter(({ severity }) => severity !== "note").map(({ name, subject }) => `${name} ${subject}`);
}

test("of three brokers: a topic without copies; with one broker away, a partition without leader, and replicas that lack", async () => {
  let last: readonly string[] = [];
  // Brokers that have just started may still have to catch up with each other.
  for (let tries = 0; tries < 12 && last.length !== 1; tries++) last = await found();
  expect(last).toEqual([`replication-low ${lonely}`]);
  await kafka.nodes[2]?.kill();
  const wanted = [`partition-leaderless ${lonely}`, `replicas-out-of-sync ${strict}`];
  // The others take some seconds to miss it, and looking takes some as well.
  for (let tries = 0; tries < 12 && !wanted.every((one) => last.includes(one)); tries++) last = await found();
  expect(last).toEqual(expect.arrayContaining(wanted));
}, 720_000);
