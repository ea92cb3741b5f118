import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import { until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs, { type Admin, type Kafka } from "kafkajs";
import { startFreshet } from "../freshet-process.js";
import { stopped } from "../scene.js";
import { type ListedRight, rightsOf } from "./access-lists.js";
import { eventOf, openSecureBench, PASSWORD, type SecureBench, sendAndSee, USER } from "./secure-bench.js";

const CANARY = "freshet-invalidator-canary";
const FOREIGN = { source: "SOURCE", deployment: "DEPLOYMENT" };

interface Report {
  readonly checks: readonly { readonly name: string; readonly outcome: string }[];
  readonly findings: readonly { readonly name: string; readonly severity: string; readonly subject: string }[];
}

let bench: SecureBench;
let rights: readonly ListedRight[];
let canaryRights: readonly ListedRight[];
let client: Kafka;
let port: KafkaPort;

beforeAll(async () => {
  bench = await openSecureBench();
  const { scene, admin, kafka } = bench;
  const names = { source: scene.topic, deployment: scene.env.FRESHET_DEPLOYMENT ?? "" };
  rights = rightsOf(USER, names);
  canaryRights = rightsOf(CANARY, names, USER);
  await scene.topics.create({ [`freshet.canary.${names.deployment}`]: { partitions: 1 }, [`${scene.topic}.other`]: { partitions: 1 } });
  await admin.createAcls({ acl: canaryRights.map(({ acl }) => acl) });
  const ssl = await bench.clientTls();
  const sasl = { mechanism: "scram-sha-512", username: USER, password: PASSWORD } as const;
  const brokers = [kafka.secureBroker];
  const patient = { connectionTimeout: 30_000, retry: { retries: 2, initialRetryTime: 50 } };
  client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING, ssl, sasl, ...patient });
  port = createKafkajsPort({ brokers, clientId: "test", clock: { nowMs: () => Date.now() }, ssl, sasl });
}, 540_000);
afterAll(async () => {
  await port?.close();
  await bench?.close();
});

describe("with the rights of infra/kafka/acls.json and no others", () => {
  test("events are applied, what cannot be read becomes a dead letter, and the canary comes back", async () => {
    const { scene } = bench;
    const service = await scene.start({ env: { ...bench.env, FRESHET_CANARY_SECONDS: "1" } });
    await sendAndSee(bench, service, "1");
    await scene.topics.send(scene.topic, [{ partition: 0, key: null, value: Buffer.from("no event"), headers: [] }]);
    const isThere = async (): Promise<boolean> => (await scene.topics.readAll(scene.deadLetterTopic)).length === 1;
    await until(isThere, { timeoutMs: 90_000, what: "the dead letter is written" });
    await until(async () => (await scene.topics.committed(scene.group, scene.topic)) === 2, {
      timeoutMs: 90_000,
      what: "both are committed",
    });
    const isBack = async (): Promise<boolean> => (await service.metric("freshet_canary_duration_seconds_count")) > 0;
    await until(isBack, { timeoutMs: 90_000, what: "the canary is back" });
    expect((await service.readyz())?.body.kafka).toBeNull();
    expect(service.output()).not.toContain("FR3006");
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 360_000);
});

test("the doctor, run as this user, finds nothing that the service lacks, and asks for no more", async () => {
  const { scene, env } = bench;
  const { code, stdout, stderr } = await startFreshet(["doctor", "--json"], { ...scene.env, ...env }).ended;
  expect({ stderr, code }).toEqual({ stderr: "", code: 3 });
  const { checks, findings } = JSON.parse(stdout) as Report;
  // The scene keeps its dead letters for a shorter time than infra/kafka/topics.json says.
  expect(findings.filter(({ severity }) => severity !== "note").map(({ name }) => name)).toEqual(["retention-short"]);
  // It may not read with a group of the doctor's own, either.
  expect(checks.find(({ name }) => name === "samples")?.outcome).toBe("skipped");
  expect(checks.filter(({ outcome }) => outcome === "ok").map(({ name }) => name)).toEqual(
    expect.arrayContaining(["brokers", "rights", "lag", "redis"]),
  );
}, 180_000);

/** What somebody with the service's password tries, and the right that would be needed. */
const refused: readonly (readonly [what: string, right: string, attempt: (admin: Admin) => Promise<unknown>])[] = [
  ["writes to a source", "Write on topic", () => send(bench.scene.topic)],
  ["deletes a source", "Delete on topic", (admin) => admin.deleteTopics({ topics: [bench.scene.topic] })],
  ["deletes dead letters", "Delete on topic", (admin) => admin.deleteTopics({ topics: [bench.scene.deadLetterTopic] })],
  ["deletes records", "Delete on topic", (admin) => forgetRecords(admin)],
  ["gives a source more partitions", "Alter on topic", (admin) => grow(admin, bench.scene.topic)],
  ["gives dead letters more partitions", "Alter on topic", (admin) => grow(admin, bench.scene.deadLetterTopic)],
  ["sets a source's retention", "AlterConfigs on topic", (admin) => forget(admin, bench.scene.topic)],
  ["sets that of dead letters", "AlterConfigs on topic", (admin) => forget(admin, bench.scene.deadLetterTopic)],
  [
    "reads dead letters",
    "Read on topic",
    () => port.peek(LETTERS.map((partition) => ({ topic: bench.scene.deadLetterTopic, partition, offset: 0 }))),
  ],
  [
    "sees a topic that is not its own",
    "Describe on topic",
    (admin) => admin.fetchTopicMetadata({ topics: [`${bench.scene.topic}.other`] }),
  ],
  ["makes a topic", "Create on cluster", (admin) => admin.createTopics({ topics: [{ topic: `${bench.scene.topic}.more` }] })],
  ["deletes its group", "Delete on group", (admin) => admin.deleteGroups([bench.scene.group])],
  ["sees a group that is not its own", "Describe on group", () => port.describeGroup("other")],
  ["gives itself rights", "Alter on cluster", (admin) => admin.createAcls({ acl: rightsOf(USER, FOREIGN).map(({ acl }) => acl) })],
  ["reads who may do what", "Describe on cluster", (admin) => admin.describeAcls({ ...ANY_ACL })],
  [
    "reads a broker's settings",
    "DescribeConfigs on cluster",
    (admin) => admin.describeConfigs({ resources: [BROKER], includeSynonyms: false }),
  ],
  [
    "sets a broker's settings",
    "AlterConfigs on cluster",
    (admin) => admin.alterConfigs({ validateOnly: false, resources: [BROKER_CHANGE] }),
  ],
  ["writes a transaction", "Write on transactional id", () => transact()],
];

/** What is said of each kind; kafkajs tells of a coordinator that it may not see as of one that it does not find. */
const said: Readonly<Record<string, RegExp>> = {
  topic: /TOPIC_AUTHORIZATION_FAILED/,
  cluster: /(?:CLUSTER|TOPIC)_AUTHORIZATION_FAILED/,
  group: /GROUP_AUTHORIZATION_FAILED|Kafka refused rights while looking for the coordinator of group other/,
  id: /TRANSACTIONAL_ID_AUTHORIZATION_FAILED|Failed to find group coordinator/,
};

describe("each operation beyond them is refused", () => {
  test.each(refused)(
    "it %s (%s)",
    async (_what, right, attempt) => {
      const admin = client.admin();
      await admin.connect();
      const outcome = await attempt(admin).then(() => "done", typeOf);
      await admin.disconnect();
      expect(outcome).toMatch(said[right.split(" ").at(-1) ?? ""] ?? "no such kind");
    },
    180_000,
  );

  test("and all is as it was", async () => {
    expect(await bench.scene.topics.readAll(bench.scene.topic)).toHaveLength(2);
    expect(await bench.scene.topics.readAll(bench.scene.deadLetterTopic)).toHaveLength(1);
    expect(await bench.scene.topics.committed(bench.scene.group, bench.scene.topic)).toBe(2);
  }, 180_000);
});

describe("each right is needed", () => {
  afterEach(async () => {
    await bench.admin.createAcls({ acl: [...rights, ...canaryRights].map(({ acl }) => acl) });
  });
  const listed = [USER, CANARY].flatMap((role) => rightsOf(role, FOREIGN).map(({ text }, at) => [role, at, text] as const));

  test.each(listed)(
    "to %s, right %i, %s: without it, and what implies it, the start ends with FR3006 that names it",
    async (role, at) => {
      const all = role === USER ? rights : canaryRights;
      const missing = all[at];
      if (missing === undefined) throw new Error("no such right");
      // Read and Write imply Describe: it is missing only where they are.
      const isDescribe = missing.text.startsWith("Describe on ");
      const without = all.filter(({ acl, text }) => text === missing.text || (isDescribe && acl.resourceName === missing.acl.resourceName));
      await bench.admin.deleteAcls({ filters: without.map(({ acl }) => acl) });
      const service = await bench.scene.start({ env: { ...bench.env, FRESHET_CANARY_SECONDS: role === USER ? "0" : "1" } });
      expect(await service.exited).toEqual({ code: 1, signal: null });
      expect(service.output()).toMatch(/FR3006 Kafka does not allow this user: /);
      expect(service.output()).toContain(missing.text);
      expect(service.output()).toContain("infra/kafka/README.md");
      for (const { text } of all.filter((right) => !without.includes(right))) expect(service.output()).not.toContain(`${text},`);
    },
    180_000,
  );

  test("observe mode wants the same on a group of its own", async () => {
    const service = await bench.scene.start({ env: { ...bench.env, FRESHET_MODE: "observe" } });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    for (const right of ["Read", "Describe"]) expect(service.output()).toContain(`${right} on group ${bench.scene.group}-observe`);
  }, 180_000);
});

/** Partitions of the dead letters. */
const LETTERS = [0, 1, 2];
const FIRST = { partition: 0, offset: "1" };
const BROKER = { type: kafkajs.ConfigResourceTypes.BROKER, name: "1" };
const BROKER_CHANGE = { ...BROKER, configEntries: [{ name: "log.retention.ms", value: "1" }] };
const ANY_ACL = {
  resourceType: kafkajs.AclResourceTypes.ANY,
  resourcePatternType: kafkajs.ResourcePatternTypes.ANY,
  operation: kafkajs.AclOperationTypes.ANY,
  permissionType: kafkajs.AclPermissionTypes.ANY,
};

async function grow(admin: Admin, topic: string): Promise<void> {
  await admin.createPartitions({ topicPartitions: [{ topic, count: 12 }] });
}

async function forget(admin: Admin, topic: string): Promise<void> {
  const configEntries = [{ name: "retention.ms", value: "1" }];
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }] });
}

async function send(topic: string): Promise<void> {
  const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic, messages: [{ value: eventOf("forged") }] });
  } finally {
    await producer.disconnect();
  }
}

async function forgetRecords(admin: Admin): Promise<void> {
  await admin.fetchTopicOffsets(bench.scene.topic); // kafkajs wants to have heard of it before
  await admin.deleteTopicRecords({ topic: bench.scene.topic, partitions: [FIRST] });
}

/** What others may do at the same time: the broker itself is able to. */
async function transact(): Promise<void> {
  const open = new kafkajs.Kafka({ brokers: [bench.kafka.broker], logLevel: kafkajs.logLevel.NOTHING });
  await abortOne(open);
  await abortOne(client);
}

async function abortOne(kafka: Kafka): Promise<void> {
  const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
  const producer = kafka.producer({ createPartitioner, transactionalId: "forged", idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    await (await producer.transaction()).abort();
  } finally {
    await producer.disconnect();
  }
}

/** What the broker says, wherever the client has put it. */
function typeOf(error: unknown): string {
  const texts: string[] = [];
  const look = (value: unknown, level: number): void => {
    if (typeof value !== "object" || value === null || level > 4) return;
    if ("type" in value) texts.push(String(value.type));
    if (value instanceof Error) texts.push(value.message, value.name);
    for (const name of ["errors", "groups", "cause", "error", "partitions", "originalError"]) look(Reflect.get(value, name), level + 1);
    if (Array.isArray(value)) for (const one of value) look(one, level + 1);
  };
  look(error, 0);
  return texts.join(" ");
}
