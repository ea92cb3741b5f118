import { createKafkajsPort } from "@freshet/kafka";
import { type OwnKafka, startKafka } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import kafkajs, { type AclEntry, type Admin } from "kafkajs";
import { freshet } from "./process.js";

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const { TOPIC, GROUP } = AclResourceTypes;
const topics = ["freshet.dlq.default", "freshet.jobs.default"];
let broker: OwnKafka;
let admin: Admin;

beforeAll(async () => {
  const authorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
  broker = await startKafka({ properties: { "authorizer.class.name": authorizer, "allow.everyone.if.no.acl.found": "true" } });
  const kafka = createKafkajsPort({ brokers: [broker.broker], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  await kafka.produce(topics.map((topic) => ({ topic, key: null, value: Buffer.from("x"), headers: [] })));
  await kafka.close();
  admin = new kafkajs.Kafka({ brokers: [broker.broker], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
}, 180_000);
afterAll(async () => {
  await admin.disconnect();
  await broker.close();
});

test.each([
  ["Read on the dead letters", TOPIC, "freshet.dlq.default", "READ", "Read on topic freshet.dlq.default"],
  ["Describe on the dead letters", TOPIC, "freshet.dlq.default", "DESCRIBE", "Read on topic freshet.dlq.default"],
  ["Read on the jobs", TOPIC, "freshet.jobs.default", "READ", "Read on topic freshet.jobs.default"],
  ["Read on the group", GROUP, "freshet-dlq-default-", "READ", "Read, Describe and Delete on groups that begin with freshet-dlq-default-"],
  [
    "Describe on the group",
    GROUP,
    "freshet-dlq-default-",
    "DESCRIBE",
    "Read, Describe and Delete on groups that begin with freshet-dlq-default-",
  ],
] as const)(
  "without %s: 1, and the right is named",
  async (_name, resourceType, resourceName, operation, right) => {
    const resourcePatternType = resourceType === GROUP ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL;
    const everybody = { resourceType, resourceName, resourcePatternType, principal: "User:ANONYMOUS", host: "*" };
    const allow: AclEntry = { ...everybody, operation: AclOperationTypes.ALL, permissionType: AclPermissionTypes.ALLOW };
    const deny: AclEntry = { ...everybody, operation: AclOperationTypes[operation], permissionType: AclPermissionTypes.DENY };
    await admin.createAcls({ acl: [allow, deny] });
    const { code, stdout, stderr } = await freshet(["dlq", "list"], { FRESHET_KAFKA_BROKERS: broker.broker });
    await admin.deleteAcls({ filters: [allow, deny] });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^FR3006 /);
    expect(stderr).toContain(`  fix: Grant the client's user`);
    expect(stderr).toContain(right);
  },
  60_000,
);
