import { until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import kafkajs, { type Kafka } from "kafkajs";
import { stopped } from "../scene.js";
import { type ListedRight, rightsOf } from "./access-lists.js";
import { eventOf, openSecureBench, PASSWORD, type SecureBench, sendAndSee, USER } from "./secure-bench.js";

/** As the list has them for this scene, in its order; the names are known once it is open. */
const COUNT = rightsOf(USER, {}).length;

let bench: SecureBench;
let rights: readonly ListedRight[];
let client: Kafka;

beforeAll(async () => {
  bench = await openSecureBench();
  rights = rightsOf(USER, { source: bench.scene.topic, deployment: bench.scene.env.FRESHET_DEPLOYMENT ?? "" });
  client = new kafkajs.Kafka({
    brokers: [bench.kafka.secureBroker],
    logLevel: kafkajs.logLevel.NOTHING,
    ssl: await bench.clientTls(),
    sasl: { mechanism: "scram-sha-512", username: USER, password: PASSWORD },
    retry: { retries: 0 },
  });
}, 180_000);
afterAll(() => bench?.close());

describe("with the rights of infra/kafka/acls.json and no others", () => {
  test("events are applied, and what cannot be read becomes a dead letter", async () => {
    const { scene } = bench;
    const service = await scene.start({ env: bench.env });
    await sendAndSee(bench, service, "1");
    await scene.topics.send(scene.topic, [{ partition: 0, key: null, value: Buffer.from("no event"), headers: [] }]);
    const isThere = async (): Promise<boolean> => (await scene.topics.readAll(scene.deadLetterTopic)).length === 1;
    await until(isThere, { timeoutMs: 30_000, what: "the dead letter is written" });
    await until(async () => (await scene.topics.committed(scene.group, scene.topic)) === 2, {
      timeoutMs: 30_000,
      what: "both are committed",
    });
    expect((await service.readyz())?.body.kafka).toBeNull();
    expect(service.output()).not.toContain("FR3006");
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 90_000);

  const ended = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "done",
      (error: { readonly type?: string; readonly errors?: readonly { readonly type?: string }[] }) =>
        error.errors?.[0]?.type ?? error.type ?? String(error),
    );

  test("this user can neither make topics, delete or alter them, nor write to a source, nor give rights", async () => {
    const { scene } = bench;
    const [admin, producer] = [client.admin(), client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })];
    await Promise.all([admin.connect(), producer.connect()]);
    const record = { topic: scene.topic, messages: [{ value: eventOf("forged") }] };
    const extra = rightsOf(USER, { source: "other", deployment: "other" }).map(({ acl }) => acl);
    const change = { type: kafkajs.ConfigResourceTypes.TOPIC, name: scene.topic, configEntries: [{ name: "retention.ms", value: "1" }] };
    const tried = {
      create: await ended(admin.createTopics({ topics: [{ topic: `${scene.topic}.more` }] })),
      remove: await ended(admin.deleteTopics({ topics: [scene.topic] })),
      alter: await ended(admin.alterConfigs({ validateOnly: false, resources: [change] })),
      write: await ended(producer.send(record)),
      give: await ended(admin.createAcls({ acl: extra })),
      read: await ended(admin.fetchTopicOffsets(scene.deadLetterTopic)),
    };
    await Promise.all([admin.disconnect(), producer.disconnect()]);
    const [refused, cluster] = ["TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"];
    expect(tried).toEqual({ create: refused, remove: refused, alter: refused, write: refused, give: cluster, read: "done" });
    expect(await scene.topics.readAll(scene.topic)).toHaveLength(2);
  }, 60_000);
});

describe("each right is needed", () => {
  afterEach(async () => {
    await bench.admin.createAcls({ acl: rights.map(({ acl }) => acl) });
  });

  test.each(
    Array.from({ length: COUNT }, (_, at) => [at, rightsOf(USER, { source: "SOURCE", deployment: "DEPLOYMENT" })[at]?.text] as const),
  )(
    "right %i, %s: without it, and what implies it, the start ends with FR3006 that names it",
    async (at) => {
      const missing = rights[at];
      if (missing === undefined) throw new Error("no such right");
      // Read and Write imply Describe: it is missing only where they are.
      const isDescribe = missing.text.startsWith("Describe on ");
      const without = rights.filter(
        ({ acl, text }) => text === missing.text || (isDescribe && acl.resourceName === missing.acl.resourceName),
      );
      await bench.admin.deleteAcls({ filters: without.map(({ acl }) => acl) });
      const service = await bench.scene.start({ env: bench.env });
      expect(await service.exited).toEqual({ code: 1, signal: null });
      expect(service.output()).toMatch(/FR3006 Kafka does not allow this user: /);
      expect(service.output()).toContain(missing.text);
      expect(service.output()).toContain("infra/kafka/README.md");
      for (const { text } of rights.filter((right) => !without.includes(right))) expect(service.output()).not.toContain(`${text},`);
    },
    60_000,
  );
});
