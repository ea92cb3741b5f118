import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafkajsPort } from "@freshet/kafka";
import { encodeCloudEvent } from "@freshet/protocol";
import { type OwnKafka, type OwnRedis, startKafka, startRedis } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import kafkajs, { type AclEntry, type Admin } from "kafkajs";
import { freshet } from "./process.js";

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const { TOPIC, GROUP } = AclResourceTypes;
const topics = ["shop.products", "freshet.dlq.default", "freshet.jobs.default", "freshet.audit.default"];
const key = "page:42";
const RULES = `freshet: 1
sources: [{ name: products, topic: shop.products, format: cloudevents, space: catalog.product }]
families: { page: { key: "page:{id}", ttl: 1h } }
tags: { brand: { key: "brand:{id}", kind: swept } }
rules: [{ name: changed, source: products, bust: [{ family: page, with: { id: subject } }] }]
`;

let broker: OwnKafka;
let server: OwnRedis;
let admin: Admin;
let redis: Redis;
let folder = "";
let env: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  const authorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
  [broker, server, folder] = await Promise.all([
    startKafka({ properties: { "authorizer.class.name": authorizer, "allow.everyone.if.no.acl.found": "true" } }),
    startRedis(),
    mkdtemp(join(tmpdir(), "freshet-rights-")),
  ]);
  await writeFile(join(folder, "rules.yaml"), RULES);
  env = { FRESHET_KAFKA_BROKERS: broker.broker, FRESHET_REDIS_URL: server.url, FRESHET_RULES: join(folder, "rules.yaml") };
  const kafka = createKafkajsPort({ brokers: [broker.broker], clientId: "cli-test", clock: { nowMs: () => Date.now() } });
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  const event = { id: "1", source: "s", type: "t", subject: "42", version: "7", time: "2026-01-01T00:00:00Z", data: "{}" };
  await kafka.produce(topics.map((topic) => ({ topic, ...encodeCloudEvent(event) })));
  await kafka.close();
  redis = new Redis(server.url);
  admin = new kafkajs.Kafka({ brokers: [broker.broker], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
}, 540_000);
afterAll(async () => {
  redis?.disconnect();
  await admin?.disconnect();
  await Promise.all([broker?.close(), server?.close(), rm(folder, { recursive: true, force: true })]);
});

type Operation = "READ" | "WRITE" | "DESCRIBE";

/** Denies everybody one operation on something while `work` runs; groups by the beginning of their names. */
async function without<T>(operation: Operation, resourceName: string, work: () => Promise<T>): Promise<T> {
  const isTopic = topics.includes(resourceName);
  const resourcePatternType = isTopic ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED;
  const everybody = { resourceType: isTopic ? TOPIC : GROUP, resourceName, resourcePatternType, principal: "User:ANONYMOUS", host: "*" };
  const allow: AclEntry = { ...everybody, operation: AclOperationTypes.ALL, permissionType: AclPermissionTypes.ALLOW };
  const deny: AclEntry = { ...everybody, operation: AclOperationTypes[operation], permissionType: AclPermissionTypes.DENY };
  await admin.createAcls({ acl: [allow, deny] });
  try {
    return await work();
  } finally {
    await admin.deleteAcls({ filters: [allow, deny] });
  }
}

const [source, dlq, jobs, audit] = topics as [string, string, string, string];
const history = ["replay", "history", "--topic", source, "--from", "1h", "--to", "0s"];
const explain = ["explain", key, "--family", "page"];
const bust = ["bust", "--key", key, "--family", "page", "--yes"];
const publish = ["publish", "--topic", source, "--space", "catalog.product", "--subject", "42", "--version", "8", "--type", "t"];
const groupsOf = (prefix: string) => `Read, Describe and Delete on groups that begin with ${prefix}`;

describe("without a right on Kafka: 1, and the right is named", () => {
  const cases: readonly (readonly [argv: readonly string[], operation: Operation, on: string, right: string])[] = [
    [["dlq", "list"], "READ", dlq, `Read on topic ${dlq}`],
    [["dlq", "list"], "DESCRIBE", dlq, `Read on topic ${dlq}`],
    [["dlq", "list"], "READ", jobs, `Read on topic ${jobs}`],
    [["dlq", "list"], "READ", "freshet-dlq-default-", groupsOf("freshet-dlq-default-")],
    [["dlq", "list"], "DESCRIBE", "freshet-dlq-default-", groupsOf("freshet-dlq-default-")],
    [["dlq", "stats"], "READ", dlq, `Read on topic ${dlq}`],
    [["dlq", "show", "0-0"], "READ", dlq, `Read on topic ${dlq}`],
    [["replay", "dlq"], "READ", dlq, `Read on topic ${dlq}`],
    [["replay", "dlq"], "READ", jobs, `Read on topic ${jobs}`],
    [history, "READ", source, `Read on topic ${source}`],
    [history, "READ", "freshet-replay-default-", groupsOf("freshet-replay-default-")],
    [[...history, "--apply"], "WRITE", jobs, `Write and Describe on topic ${jobs}`],
    [[...history, "--apply"], "WRITE", audit, `Write and Describe on topic ${audit}`],
    [["replay", "status"], "READ", jobs, `Read on topic ${jobs}`],
    [["replay", "status"], "READ", "freshet-replay-default-", groupsOf("freshet-replay-default-")],
    [["replay", "resume", "JOB"], "READ", jobs, `Read on topic ${jobs}`],
    [["replay", "resume", "JOB"], "WRITE", jobs, `Write and Describe on topic ${jobs}`],
    [["replay", "resume", "JOB"], "WRITE", audit, `Write and Describe on topic ${audit}`],
    [["replay", "abort", "JOB"], "WRITE", jobs, `Write and Describe on topic ${jobs}`],
    [["replay", "abort", "JOB"], "WRITE", audit, `Write and Describe on topic ${audit}`],
    [explain, "READ", source, `Read on the topics ${source}`],
    [explain, "READ", "freshet-explain-default-", "Read, Describe and Delete on groups that begin with freshet-explain-default-"],
    [["lag"], "READ", source, `Read on the topics ${source}`],
    [["lag"], "DESCRIBE", "freshet-default", "Describe on group freshet-default"],
    [bust, "WRITE", audit, `Write and Describe on topic ${audit}`],
    [publish, "WRITE", source, `Write and Describe on topic ${source}`],
  ];

  /** One that is open: its intention could not be written. */
  async function openJob(): Promise<string> {
    const { stdout } = await freshet(["replay", "status", "--json"], env);
    const open = stdout.split("\n").filter((line) => line.includes('"status":"stopped"'))[0];
    if (open !== undefined) return (JSON.parse(open) as { readonly id: string }).id;
    await without("WRITE", audit, () => freshet([...history, "--apply"], env));
    return await openJob();
  }

  test.each(cases)(
    "%j without %s on %s",
    async (argv, operation, on, right) => {
      const id = argv.includes("JOB") ? await openJob() : "";
      const given = argv.map((word) => (word === "JOB" ? id : word));
      await redis.set(key, "not touched");
      const { code, stderr } = await without(operation, on, () => freshet(given, env));
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^FR3006 /m) });
      expect(stderr).toMatch(/^ {2}fix: Grant the client's user /m);
      expect(stderr).toContain(right);
      expect(await redis.get(key)).toBe("not touched");
    },
    180_000,
  );
});

describe("without a right on Redis: 1, and the right is named", () => {
  const writing = "+@all -unlink -hset -set -mset";
  const cases: readonly (readonly [argv: readonly string[], rights: string, named: RegExp])[] = [
    [["get", key, "--family", "page"], "+@all resetkeys ~other:*", /FR2003 .*keys/],
    [["get", key, "--family", "page"], "+@all -type", /FR2003 .*type/],
    [["get", "--tag", "brand:acme"], "+@all resetkeys ~other:*", /FR2003 .*keys/],
    [explain, "+@all resetkeys ~other:*", /FR2003 .*keys/],
    [bust.slice(0, -1), "+@all resetkeys ~other:*", /FR2003 .*keys/],
    [bust, writing, /FR2003 .*(?:unlink|hset|m?set)/],
    [["bust", "--tag", "brand:acme", "--yes"], "+@all -zadd", /FR2003 .*zadd/],
    [history, "+@all resetkeys ~other:*", /FR2003 .*keys/],
    [[...history, "--apply"], writing, /FR2003 .*(?:unlink|hset|m?set)/],
  ];

  test.each(cases)(
    "%j with %s",
    async (argv, rights, named) => {
      await redis.acl("SETUSER", "op", "reset", "on", ">secret", "~*", ...rights.split(" "));
      await redis.del(key);
      const user = { FRESHET_REDIS_USERNAME: "op", FRESHET_REDIS_PASSWORD: "secret" };
      const { code, stdout, stderr } = await freshet(argv, { ...env, ...user });
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(named) });
      expect(stderr).toMatch(/^ {2}fix: Give this user the rights and the key patterns that infra\/redis\/users\.acl lists\.$/m);
      expect(stdout + stderr).not.toContain("secret");
    },
    180_000,
  );
});

test("the rights of freshet-operator are enough for all that people do", async () => {
  const list = await readFile(new URL("../../../infra/redis/users.acl", import.meta.url), "utf8");
  const [, rights = ""] = /^user freshet-operator (.+)$/m.exec(list) ?? [];
  await redis.acl("SETUSER", "op", "reset", ">secret", ...rights.replace("~cache:*", "~page:*").split(" "));
  const user = { FRESHET_REDIS_USERNAME: "op", FRESHET_REDIS_PASSWORD: "secret" };
  await redis.del(key);
  const commands = [
    ["get", key, "--family", "page"],
    ["get", "--tag", "brand:acme"],
    explain,
    bust,
    ["bust", "--tag", "brand:acme", "--yes"],
  ];
  for (const argv of [...commands, [...history, "--json"], [...history, "--apply"]]) {
    const { code, stderr } = await freshet(argv, { ...env, ...user });
    expect({ argv, code, refused: /FR\d{4}.*/.exec(stderr)?.[0] ?? "" }).toEqual({ argv, code: 0, refused: "" });
  }
}, 360_000);
