import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freshPrefix, testKafkaBroker, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { SentRecord } from "./oracle.js";
import { drained, openScene, type Scene, stopped } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";

const FIXTURES = join(import.meta.dirname, "../../../packages/protocol/tests/fixtures/debezium");
const PARTITIONS = 6;

interface Line {
  readonly partition: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

/** Records that a real Debezium wrote, byte for byte and in their partitions. */
function fixture(name: string): readonly SentRecord[] {
  const lines = readFileSync(join(FIXTURES, `${name}.ndjson`), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => {
    const { partition, headers = [], key, payload } = JSON.parse(line) as Line;
    const pairs = headers.flatMap((header, at): [string, Buffer][] => (at % 2 === 0 ? [[header, Buffer.from(headers[at + 1] ?? "")]] : []));
    return { partition, key: bytes(key), value: bytes(payload), headers: pairs };
  });
}

function bytes(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text);
}

const order = (id: number, rev: string): SentRecord => ({
  partition: 0,
  key: null,
  value: Buffer.from(`{"shop":"a,b","order":{"id":${id}},"rev":${rev}}`),
  headers: [],
});

/** Rows as ExtractNewRecordState leaves them: what is asked for stands in members or headers. */
const flat = (id: number, rev: number, isDeleted = false): SentRecord => ({
  partition: id % PARTITIONS,
  key: Buffer.from(`{"id":${id}}`),
  value: Buffer.from(`{"id":${id},"version":${rev},"__deleted":"${isDeleted}"}`),
  headers: [["__op", Buffer.from(isDeleted ? "d" : "u")]],
});

/** What is sent to each topic; the test's own rows go behind what Debezium wrote. */
const SENT: Readonly<Record<string, readonly SentRecord[]>> = {
  products: [
    ...fixture("plain.public.product"),
    ...fixture("wrapped.public.product"),
    {
      partition: 0,
      key: Buffer.from('{"id":900}'),
      value: Buffer.from('{"op":"u","source":{},"after":{"id":900,"version":1.5}}'),
      headers: [],
    },
  ],
  brands: fixture("plain.public.brand"),
  outbox: ["outbox", "outboxjson", "outboxtext"].flatMap((name) => fixture(`${name}.event.product`)),
  flat: [flat(1, 5), flat(2, 5), flat(3, 5, true), { partition: 4, key: Buffer.from('{"id":4}'), value: null, headers: [] }],
  talk: ["__debezium-heartbeat.wrapped", "wrapped.transaction", "plain.message"].flatMap(fixture),
  orders: [
    order(1, "9007199254740993"),
    order(2, "5"),
    { partition: 1, key: Buffer.from('{"shop":"a,b","id":3}'), value: null, headers: [] },
  ],
};
const TOPICS = Object.keys(SENT);

const rules = (topic: string, keyPrefix: string): string => {
  const name = (which: string) => topic.replace(/products$/, which);
  const row = "format: debezium, id: [id], version: version";
  const bust = (family: string) => `{ name: ${family}, source: ${family}, bust: [{ family: ${family}, with: { id: "subject" } }] }`;
  const families = ["products", "brands", "outbox", "orders", "flat"];
  return `freshet: 1
sources:
  - { name: products, topic: ${name("products")}, space: products, ${row}, replicaIdentity: full }
  - { name: brands, topic: ${name("brands")}, space: brands, ${row} }
  - { name: talk, topic: ${name("talk")}, space: brands, ${row} }
  - { name: flat, topic: ${name("flat")}, space: flat, ${row}, replicaIdentity: full, tombstones: delete }
  - { name: outbox, topic: ${name("outbox")}, space: outbox, format: outbox, version: "header:aggregateVersion" }
  - { name: orders, topic: ${name("orders")}, space: orders, format: json, id: [/shop, /order/id], version: /rev, tombstones: delete }
families:
${families.map((family) => `  ${family}: { key: "${keyPrefix}${family}:{id}", ttl: 1h, entry: { kind: json, version: version } }`).join("\n")}
tags: { all-brands: { key: "${keyPrefix}brands", kind: epoch } }
rules:
${families.map((family) => `  - ${bust(family)}`).join("\n")}
  - { name: emptied, source: brands, ops: [truncate], bust: [{ tag: all-brands }] }
`;
};

/** An entry, the version it was made from, and whether it is still there when all is read. */
const ENTRIES: readonly (readonly [key: string, version: string, why: string, stays: boolean])[] = [
  ["products:21", "21", "its row was deleted at the same version, which counts as the next one", false],
  ["products:501", "1781", "its key changed, so the old one was deleted", false],
  ["products:13", "14", "it is as new as the delete of its row", true],
  ["products:502", "1781", "its key changed, so the new one was created", false],
  ["products:9007199254740993", "9007199254740997", "the delete is newer by one, past 2^53", false],
  ["products:-7", "1779", "its id is negative", false],
  ["products:58", "61", "it is the newest row", true],
  ["products:14", "76", "one version was written after it", false],
  ["products:900", "0", "the version of its row is no version", true],
  ["brands:13", "99999999999999999999", "its row was deleted, and nobody knows at which version", false],
  ["brands:20", "1", "it is what the snapshot read", true],
  ["brands:8", "2", "its row was written without the large column", false],
  ["brands:500", "1", "a truncate is for rules that ask for it", true],
  ["outbox:7", "54", "JsonConverter wrote its key in quotes", false],
  ["outbox:63", "85", "StringConverter wrote its key bare", false],
  ["outbox:9007199254740993", "9007199254740998", "its version is one newer, past 2^53", false],
  ["outbox:142", "217", "it is as new as the event", true],
  ["flat:1", "4", "an unwrapped row is newer", false],
  ["flat:2", "5", "an unwrapped row is as old", true],
  ["flat:3", "5", "an unwrapped row was deleted, which counts as the next version", false],
  ["flat:4", "9", "a tombstone is how an unwrapped delete comes", false],
  ["orders:a%252Cb%2C1", "9007199254740992", "its two ids are one subject", false],
  ["orders:a%252Cb%2C2", "6", "the order is older", true],
  ["orders:a%252Cb%2C3", "6", "a tombstone deletes, blind", false],
];

/** What real producers send, on its whole way: broker, service, script, entry. */
describe("records of every format bust what is older", () => {
  let scene: Scene;
  let service: ServiceProcess;

  beforeAll(async () => {
    scene = await openScene({
      name: freshPrefix("formats"),
      broker: testKafkaBroker(),
      redisUrl: testRedisUrl(),
      partitions: PARTITIONS,
      rules,
    });
    const topicOf = (which: string) => scene.topic.replace(/products$/, which);
    const others = TOPICS.filter((which) => which !== "products").map((which) => [topicOf(which), { partitions: PARTITIONS }]);
    await scene.topics.create(Object.fromEntries(others));
    for (const [key, version] of ENTRIES) await scene.redis.set(scene.keyPrefix + key, `{"version":${version}}`, "EX", 300);
    for (const which of TOPICS) await scene.topics.send(topicOf(which), SENT[which] ?? []);
    service = await scene.start();
    for (const which of TOPICS) await drained({ ...scene, topic: topicOf(which) }, service, SENT[which]?.length ?? 0);
  }, 180_000);

  afterAll(async () => {
    for (const [key] of ENTRIES) await scene.redis.unlink(scene.keyPrefix + key);
    await scene.close();
  });

  test.each(ENTRIES)("%s of version %s: %s", async (key, _version, _why, stays) => {
    expect(await scene.redis.exists(scene.keyPrefix + key)).toBe(stays ? 1 : 0);
  });

  test("a truncate begins a new generation of the table's epoch tag, and of nothing else", async () => {
    const tag = `${scene.keyPrefix}brands`;
    expect(await scene.redis.exists(`${scene.keyPrefix}fr:e:{${tag}}`)).toBe(1);
    expect(await service.metric("freshet_rule_matches_total", { rule: "emptied" })).toBeGreaterThanOrEqual(1);
    await scene.redis.unlink(`${scene.keyPrefix}fr:e:{${tag}}`);
  });

  test("one record is dead-lettered, and what says nothing is ignored", async () => {
    const letters = await scene.topics.readAll(scene.deadLetterTopic);
    // As often as a record was delivered: at least once.
    expect(new Set(letters.map(({ headers }) => headers.get("freshet-reason")?.toString()))).toEqual(new Set(["version_invalid"]));
    const tombstones = ["products", "brands"].flatMap((which) => SENT[which] ?? []).filter(({ value }) => value === null);
    const ignored = tombstones.length + (SENT.talk?.length ?? 0);
    expect(await service.metric("freshet_events_total", { outcome: "ignored" })).toBeGreaterThanOrEqual(ignored);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  });
});
