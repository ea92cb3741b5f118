import { freshPrefix, type RegistryStub, startRegistryStub, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { SentRecord } from "./oracle.js";
import { drained, openScene, type Scene, stopped, waitingCodes } from "./scene.js";

const SCHEMA = {
  type: "record",
  name: "Product",
  fields: ["id", "rev"].map((name) => ({ name, type: "long" })),
};
const JSON_ID = 2;

const rules = (topic: string, keyPrefix: string): string => `freshet: 1
sources: [{ name: products, topic: ${topic}, format: json, encoding: registry, space: products, id: [/id], version: /rev }]
families: { product: { key: "${keyPrefix}p:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, bust: [{ family: product, with: { id: "subject" } }] }]
`;

/** A long as Avro writes it: seven bits a byte, lowest first, the sign at the bottom. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let left = value << 1n; ; left >>= 7n) {
    if (left < 128n) return Buffer.from([...bytes, Number(left)]);
    bytes.push(Number(left & 127n) | 128);
  }
}

const framed = (id: number, payload: Buffer): SentRecord => ({
  partition: 0,
  key: null,
  value: Buffer.concat([Buffer.of(0, 0, 0, 0, id), payload]),
  headers: [],
});
const avro = (id: bigint, rev: bigint): SentRecord => framed(1, Buffer.concat([long(id), long(rev)]));

/** An entry, the version it was made from, and whether it is still there when all is read. */
const ENTRIES: readonly (readonly [id: string, version: string, stays: boolean])[] = [
  ["7", "9007199254740992", false],
  ["8", "9007199254740993", true],
  ["9", "4", false],
];
const SENT: readonly SentRecord[] = [
  avro(7n, 9007199254740993n),
  avro(8n, 9007199254740993n),
  framed(1, Buffer.of(2)),
  framed(JSON_ID, Buffer.from('{"id":9,"rev":5}')),
];

let scene: Scene;
let stub: RegistryStub;
beforeAll(async () => {
  stub = await startRegistryStub();
  stub.put(1, { schema: SCHEMA });
  stub.put(JSON_ID, { schemaType: "JSON", schema: { type: "object" } });
  const [broker, redisUrl] = [testKafkaBroker(), testRedisUrl()];
  scene = await openScene({ name: freshPrefix("registry"), broker, redisUrl, partitions: 1, rules });
  for (const [id, version] of ENTRIES) await scene.redis.set(`${scene.keyPrefix}p:${id}`, `{"version":${version}}`, "EX", 600);
}, 180_000);

afterAll(async () => {
  for (const [id] of ENTRIES) await scene.redis.unlink(`${scene.keyPrefix}p:${id}`);
  await scene.close();
  await stub.close();
});

test("framed Avro and JSON wait for a registry that is down, and bust what is older once it is up", async () => {
  await stub.goDown();
  await scene.topics.send(scene.topic, SENT);
  const service = await scene.start({ env: { FRESHET_SCHEMA_REGISTRY_URL: stub.url } });
  await until(async () => (await waitingCodes(service)).includes("FR4001"), { timeoutMs: 90_000, what: "the partition waits" });
  await stub.comeBack();
  await drained(scene, service, SENT.length);
  for (const [id, , stays] of ENTRIES) expect([id, await scene.redis.exists(`${scene.keyPrefix}p:${id}`)]).toEqual([id, stays ? 1 : 0]);
  const letters = await scene.topics.readAll(scene.deadLetterTopic);
  expect(new Set(letters.map(({ headers }) => headers.get("freshet-reason")?.toString()))).toEqual(new Set(["undecodable"]));
  expect(await waitingCodes(service)).toEqual([]);
  expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
}, 270_000);
