import { createMemoryLog } from "@freshet/kafka";
import { createMemoryStore } from "@freshet/store";
import { type RegistryStub, startRegistryStub, until } from "@freshet/testkit";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { loadConfig } from "./config.js";
import { type Invalidator, startInvalidator } from "./wiring.js";

/** A source whose values name their schemas, from the broker to the entry, while the registry comes and goes. */

const rules = `freshet: 1
sources: [{ name: rows, topic: rows, format: debezium, encoding: registry, space: rows, id: [id], version: version }]
families: { row: { key: "row:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: rows, bust: [{ family: row, with: { id: "subject" } }] }]
`;
const row = {
  type: "record",
  name: "Row",
  fields: ["id", "version"].map((name) => ({ name, type: "long" })),
};
const change = {
  type: "record",
  name: "Envelope",
  fields: [
    { name: "op", type: "string" },
    { name: "after", type: ["null", row] },
    { name: "source", type: { type: "record", name: "Source", fields: [{ name: "table", type: "string" }] } },
  ],
};
const SCHEMA_ID = 7;
/** An update of table `t`; ids and versions below 64 are one byte each, twice as large. */
const update = (id: number, rev: number, schemaId = SCHEMA_ID): Buffer =>
  Buffer.concat([Buffer.of(0, 0, 0, 0, schemaId), Buffer.of(2), Buffer.from("u"), Buffer.of(2, id * 2, rev * 2, 2), Buffer.from("t")]);
const clock = { nowMs: () => Date.now() };

let stub: RegistryStub;
let service: Invalidator | null = null;
beforeEach(async () => {
  stub = await startRegistryStub();
  stub.put(SCHEMA_ID, { schema: change });
});
afterEach(async () => {
  await service?.stop();
  service = null;
  await stub.close();
});

async function setUp() {
  const log = createMemoryLog({ clock });
  const store = createMemoryStore({ nowUs: () => Date.now() * 1000 });
  const client = log.client();
  const topics = { rows: {}, "freshet.dlq.t": { "max.message.bytes": "2000000" } };
  for (const [topic, config] of Object.entries(topics)) await client.createTopics([{ topic, partitions: 1, replicationFactor: 1, config }]);
  const env = {
    FRESHET_DEPLOYMENT: "t",
    FRESHET_RULES: "rules.yaml",
    FRESHET_HTTP_PORT: "0",
    FRESHET_SCHEMA_REGISTRY_URL: stub.url,
    FRESHET_SCHEMA_REGISTRY_USERNAME: "bob",
    FRESHET_SCHEMA_REGISTRY_PASSWORD: "hunter2",
  };
  const lines: string[] = [];
  const readText = (path: string): string => {
    if (path === "rules.yaml") return rules;
    throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  };
  service = await startInvalidator(loadConfig({ env, flags: {}, readText }), {
    kafka: log.client(),
    store,
    logger: pino({ level: "debug" }, { write: (line: string) => void lines.push(line) }),
    clock,
    readText,
    loop: { retryFirstMs: 5, retryMaxMs: 20 },
    retryFirstMs: 5,
  });
  const { address } = service;
  const send = (...values: readonly Buffer[]) => client.produce(values.map((value) => ({ topic: "rows", key: null, value, headers: [] })));
  const put = (id: number, rev: number) => store.seed.putJson(`row:${id}`, { text: `{"version":${rev}}` });
  const has = (id: number) => store.seed.has(`row:${id}`);
  const committed = (offset: number) => until(() => log.committed("freshet-t", { topic: "rows", partition: 0 }) === offset);
  const waiting = async (): Promise<readonly { readonly code: string; readonly problem: string; readonly disposition: string }[]> =>
    JSON.parse(await (await fetch(`${address}/readyz`)).text()).waiting;
  const metrics = async (): Promise<string> => await (await fetch(`${address}/metrics`)).text();
  return { metrics, log, lines, send, put, has, committed, waiting, letters: () => log.records("freshet.dlq.t") };
}

describe("a registry that is down", () => {
  test("makes the partition wait, visibly, and it goes on by itself; nothing is dead-lettered", async () => {
    await stub.goDown();
    const { send, put, has, committed, waiting, letters, lines, metrics } = await setUp();
    await put(1, 4);
    await send(update(1, 5));
    await until(async () => (await waiting()).length === 1);
    expect(await waiting()).toMatchObject([
      { topic: "rows", code: "FR4001", disposition: "wait", problem: expect.stringContaining("ECONNREFUSED") },
    ]);
    expect([await has(1), letters().length]).toEqual([true, 0]);
    expect(await metrics()).toMatch(/^freshet_schema_registry_errors_total\{code="FR4001"\} [1-9]/m);
    await stub.comeBack();
    await committed(1);
    expect([await has(1), letters().length, await waiting()]).toEqual([false, 0, []]);
    expect(lines.join("")).not.toContain("hunter2");
  });

  test("keeps nobody waiting whose schema is known", async () => {
    const { send, put, has, committed } = await setUp();
    await put(1, 4);
    await put(2, 9);
    await send(update(1, 5));
    await committed(1);
    await stub.goDown();
    await send(update(2, 5), update(2, 9));
    await committed(3);
    expect([await has(1), await has(2)]).toEqual([false, true]);
  });

  test("that refuses the user makes the partition halt and names the right", async () => {
    stub.answerWith((_, response) => void response.writeHead(403).end());
    const { send, committed, waiting, letters } = await setUp();
    await send(update(1, 5));
    await until(async () => (await waiting()).length === 1);
    expect(await waiting()).toMatchObject([
      { code: "FR4002", disposition: "halt", fix: expect.stringContaining("FRESHET_SCHEMA_REGISTRY_USERNAME") },
    ]);
    stub.answerWith(null);
    await committed(1);
    expect([letters().length, stub.requests.at(-1)]).toEqual([0, `GET /schemas/ids/${SCHEMA_ID} as bob:hunter2`]);
  });
});

test("what does not fit its schema is dead-lettered byte for byte, and the rest goes on", async () => {
  const { send, put, has, committed, letters } = await setUp();
  await put(1, 4);
  const damaged = update(2, 5).subarray(0, -1);
  await send(damaged, update(1, 5));
  await committed(2);
  expect(await has(1)).toBe(false);
  const [letter] = letters();
  expect(letters()).toHaveLength(1);
  expect(Buffer.from(letter?.value ?? []).equals(damaged)).toBe(true);
  const reason = letter?.headers.find(({ name }) => name === "freshet-reason")?.value ?? null;
  expect(Buffer.from(reason ?? []).toString()).toBe("undecodable");
});
