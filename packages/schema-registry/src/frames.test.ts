import type { ServerResponse } from "node:http";
import { decodeEvent, type FieldRef, type FramePort, FreshetError, headerText, type KafkaRecord, type SourceSpec } from "@freshet/protocol";
import { createClock, type ManualClock, type RegistryStub, startRegistryStub } from "@freshet/testkit";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { framed, writeAvro } from "../tests/avro-writer.js";
import { createFrames } from "./frames.js";
import { createRegistryHttp } from "./registry-http.js";

const at = (name: string): FieldRef => ({ from: "pointer", path: [name] });
const base: SourceSpec = {
  name: "s",
  topic: "t",
  format: "json",
  space: "s",
  spaceKind: "counter",
  ops: new Map(),
  previous: null,
  tenant: null,
  matchesType: () => true,
  strict: false,
  tombstones: "delete",
  encoding: "registry",
  reads: { id: [at("id")], version: at("version"), type: null, time: null, replicaIdentity: "default" },
};
const ROW = {
  type: "record",
  name: "Row",
  fields: [
    { name: "id", type: "string" },
    { name: "version", type: "long" },
  ],
} as const;
const row = (id: string, version: bigint) => writeAvro(ROW, { id, version });

let stub: RegistryStub;
let frames: FramePort;
let clock: ManualClock;
beforeEach(async () => {
  stub = await startRegistryStub();
  clock = createClock(1_000_000);
  frames = createFrames({ url: stub.url, user: null, tls: {}, clock });
  stub.put(1, { schema: ROW });
});
afterEach(async () => {
  frames.close();
  await stub.close();
});

interface Parts extends Partial<Pick<KafkaRecord, "key" | "value" | "timestampMs" | "undecodable">> {
  readonly headers?: Readonly<Record<string, string | Uint8Array>>;
}
const recordOf = ({ headers = {}, ...parts }: Parts): KafkaRecord => ({
  topic: "t",
  partition: 0,
  offset: 0,
  timestampMs: 0,
  key: null,
  value: null,
  headers: Object.entries(headers).map(([name, value]) => ({ name, value: Buffer.from(value) })),
  ...parts,
});

/** What becomes of records of one source: the event in short, or why there is none. */
async function told(records: readonly KafkaRecord[], source: SourceSpec = base): Promise<readonly string[]> {
  const unframed = await frames.unframe(records, () => [source]);
  return unframed.map((one) => {
    const decoded = one.kind === "record" ? decodeEvent(one.record, [source]) : one;
    if (decoded.kind === "rejected") return `${decoded.rejection.reason}: ${decoded.rejection.message}`;
    return decoded.kind === "event" ? `${decoded.event.op} ${decoded.event.subject} v${decoded.event.version}` : decoded.kind;
  });
}

const troubleOf = async (records: readonly KafkaRecord[]): Promise<unknown> =>
  await frames
    .unframe(records, () => [base])
    .then(
      () => null,
      (error: unknown) => (error instanceof FreshetError ? `${error.disposition} ${error.code} ${error.message}` : error),
    );

describe("a framed value", () => {
  test("is read by the schema that it names, whatever the format", async () => {
    const value = framed(1, row("42", 9007199254740993n));
    expect(await told([recordOf({ value })])).toEqual(["update 42 v9007199254740993"]);
    const outbox = { ...base, format: "outbox", reads: { ...base.reads, id: [] } } as SourceSpec;
    stub.put(2, { schema: "string" });
    const key = framed(2, writeAvro("string", "42"));
    expect(await told([recordOf({ key, value, headers: { id: "e1", eventType: "Changed" } })], outbox)).toEqual([
      "update 42 v9007199254740993",
    ]);
  });

  test("is a CloudEvent's data, whatever its content type says of the bytes before", async () => {
    const headers = { ce_specversion: "1.0", ce_id: "e", ce_source: "/s", ce_type: "changed", ce_subject: "42", ce_freshetversion: "7" };
    const record = recordOf({ value: framed(1, row("42", 7n)), headers: { ...headers, "content-type": "application/avro" } });
    const source: SourceSpec = { ...base, format: "cloudevents" };
    expect(await told([record], source)).toEqual(["update 42 v7"]);
    const [unframed] = await frames.unframe([record], () => [source]);
    expect(unframed?.kind === "record" ? headerText(unframed.record.headers, "content-type") : null).toBe("application/avro");
    stub.put(2, { schema: "string" });
    expect(await told([recordOf({ key: framed(2, writeAvro("string", "42")) })], source)).toEqual(["delete 42 vnull"]);
  });

  test("is JSON as it stands where its schema is one of JSON", async () => {
    stub.put(3, { schemaType: "JSON", schema: { type: "object" } });
    expect(await told([recordOf({ value: framed(3, Buffer.from('{"id":"7","version":9007199254740993}')) })])).toEqual([
      "update 7 v9007199254740993",
    ]);
    expect(await told([recordOf({ value: framed(3, Buffer.from("{")) })])).toEqual(["undecodable: the value is not JSON"]);
  });

  test("may have its frame in a header, with a number or a GUID", async () => {
    const guid = "89791762-2336-4186-9674-299b90a802e2";
    stub.putGuid(guid, { schema: ROW });
    const headers = (frame: Uint8Array) => ({ __value_schema_id: frame });
    const byGuid = Buffer.concat([Buffer.of(1), Buffer.from(guid.replaceAll("-", ""), "hex")]);
    const byNumber = framed(1, new Uint8Array());
    const records = [byGuid, byNumber, Buffer.of(1, 2), Buffer.of(9)].map((frame) =>
      recordOf({ value: row("1", 2n), headers: headers(frame) }),
    );
    const damaged = "undecodable: it begins like a value of a schema registry, and names no schema";
    expect(await told(records)).toEqual(["update 1 v2", "update 1 v2", damaged, damaged]);
  });

  test("makes as many records as may lie in memory together, and one at least: Avro of a few bytes can be megabytes of text", async () => {
    const item = { type: "record", name: "Item", fields: [{ name: "n".repeat(60), type: ["null", "string"] }] };
    stub.put(2, {
      schema: { type: "record", name: "Wide", fields: [...ROW.fields, { name: "items", type: { type: "array", items: item } }] },
    });
    const wide = Buffer.concat([row("42", 7n), Buffer.of(0xe0, 0xd4, 0x03), Buffer.alloc(30_000), Buffer.of(0)]); // 30,000 times null
    const records = Array.from({ length: 20 }, () => recordOf({ value: framed(2, wide) }));
    let left: readonly KafkaRecord[] = records;
    const sizes: number[] = [];
    while (left.length > 0) {
      const unframed = await frames.unframe(left, () => [base]);
      sizes.push(unframed.length);
      expect(unframed.every((one) => one.kind === "record")).toBe(true);
      left = left.slice(unframed.length);
    }
    expect(sizes).toEqual([8, 8, 4]); // of 2.1 MB each
  });

  test("that only a key looks like says nothing of an event without data", async () => {
    const attributes = { specversion: "1.0", id: "1", source: "/s", type: "t", subject: "42", freshetversion: "7" };
    const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]));
    const { reads: _none, ...events } = { ...base, format: "cloudevents" } as const;
    const key = Buffer.from("000000012a05f200", "hex"); // 5,000,000,000 in eight bytes
    expect(await told([recordOf({ key, headers })], events)).toEqual(["update 42 v7"]);
    expect(stub.requests).toEqual([]);
  });

  test("of JSON in a tombstone's key need not be JSON: the record is dead, and its partition goes on", async () => {
    stub.put(3, { schemaType: "JSON", schema: { type: "string" } });
    const source: SourceSpec = { ...base, format: "cloudevents" };
    const keys = ['"42"', '"4', '"\\u00', '"4" ', "4"].map((text) => framed(3, Buffer.from(text)));
    const broken = framed(3, Buffer.of(0x22, 0xff, 0x22));
    const misfit = "undecodable: the bytes do not fit the schema that the record names";
    const records = [...keys, broken].map((key) => recordOf({ key }));
    expect(await told(records, source)).toEqual(["delete 42 vnull", misfit, misfit, "delete 4 vnull", "delete 4 vnull", misfit]);
  });

  test("beside plain ones: those are read as they are", async () => {
    const records = [
      recordOf({ value: Buffer.from('{"id":"1","version":2}') }),
      recordOf({ value: framed(1, row("3", 4n)) }),
      recordOf({ key: Buffer.from("5") }),
      recordOf({ undecodable: { firstOffset: 1, lastOffset: 2, problem: "x" }, value: Buffer.of(0) }),
    ];
    const unframed = await frames.unframe(records, () => [base]);
    expect(unframed.map((one) => one.kind === "record" && records.includes(one.record))).toEqual([true, false, true, true]);
    expect(await told(records.slice(0, 3))).toEqual(["update 1 v2", "update 3 v4", "delete 5 vnull"]);
    expect(await frames.unframe(records, () => [{ ...base, topic: "other" }].map(({ encoding, ...plain }) => plain))).toEqual(
      records.map((record) => ({ kind: "record", record })),
    );
  });

  test.each([
    ["nothing behind the zero", Buffer.of(0), "undecodable: it begins like"],
    ["a number below one", framed(0, row("1", 1n)), "undecodable: it begins like"],
    ["bytes of another schema", framed(1, Buffer.of(1)), "undecodable: the bytes do not fit"],
    ["a schema of another kind", framed(4, Buffer.of(1)), "unsupported_format: the schema that the record names is neither"],
    ["a schema that cannot be read", framed(5, Buffer.of(1)), "unsupported_format: the schema that the record names, or one"],
    ["a schema without an end", framed(6, Buffer.of(1)), "unsupported_format: the schema that the record names, or one"],
    ["a schema that refers to itself", framed(7, Buffer.of(1)), "unsupported_format: the schema that the record names, or one"],
  ])("with %s is dead-lettered", async (_, value, expected) => {
    stub.put(4, { schemaType: "PROTOBUF", schema: 'syntax = "proto3";' });
    stub.put(5, { schema: "nobody" });
    stub.put(6, { schema: { type: "string", doc: "x".repeat(2 ** 21) } });
    const loop = { schema: ROW, references: [{ name: "Row", subject: "a", version: 1 }] };
    stub.put(7, loop);
    stub.putVersion("a", 1, loop);
    expect((await told([recordOf({ value })]))[0]).toMatch(new RegExp(`^${expected}`));
  });
});

describe("schemas that refer to others", () => {
  test("get all of them, deleted versions too, each once", async () => {
    const money = { type: "record", name: "shop.Money", fields: [{ name: "cents", type: "long" }] };
    const price = { type: "record", name: "shop.Price", fields: [{ name: "money", type: "shop.Money" }] };
    const product = {
      type: "record",
      name: "shop.Product",
      fields: [...ROW.fields, { name: "price", type: "Price" }, { name: "was", type: "Money" }],
    };
    const ref = (name: string, subject: string) => ({ name, subject, version: 3 });
    stub.putVersion("money value", 3, { schema: money });
    stub.putVersion("price", 3, { schema: price, references: [ref("shop.Money", "money value")] });
    stub.put(9, { schema: product, references: [ref("shop.Price", "price"), ref("shop.Money", "money value")] });
    const payload = Buffer.concat([row("8", 2n), Buffer.of(4, 6)]);
    expect(await told([recordOf({ value: framed(9, payload) })])).toEqual(["update 8 v2"]);
    expect(stub.requests).toEqual([
      "GET /schemas/ids/9",
      "GET /subjects/price/versions/3?deleted=true",
      "GET /subjects/money%20value/versions/3?deleted=true",
    ]);
  });
});

describe("a registry", () => {
  test("is asked once for a schema, by however many records and partitions", async () => {
    const slice = Array.from({ length: 50 }, (_, id) => recordOf({ value: framed(1, row(String(id), 1n)) }));
    await Promise.all([told(slice), told(slice)]);
    await told(slice);
    expect(stub.requests).toEqual(["GET /schemas/ids/1"]);
  });

  test("is told who asks, below its path", async () => {
    frames.close();
    stub.put(2, { schema: ROW });
    stub.answerWith((_, response) => void response.end(JSON.stringify({ schema: JSON.stringify(ROW) })));
    frames = createFrames({ url: `${stub.url}/apis/v7/`, user: { name: "bob", password: "p:w" }, tls: {}, clock });
    await told([recordOf({ value: framed(2, row("1", 1n)) })]);
    expect(stub.requests).toEqual(["GET /apis/v7/schemas/ids/2 as bob:p:w"]);
  });

  test("that is down is waited for, and found again by itself", async () => {
    const record = recordOf({ value: framed(1, row("1", 1n)) });
    await stub.goDown();
    expect(await troubleOf([record])).toMatch(/^wait FR4001 the schema registry at 127.0.0.1:\d+ cannot be reached \(ECONNREFUSED\)$/);
    await stub.comeBack();
    expect(await told([record])).toEqual(["update 1 v1"]);
    await stub.goDown();
    expect(await told([record])).toEqual(["update 1 v1"]); // what is known needs nobody
  });

  test.each([
    [500, "", "wait FR4001"],
    [503, "<html>", "wait FR4001"],
    [429, "{}", "wait FR4001"],
    [401, "{}", "halt FR4002"],
    [403, "{}", "halt FR4002"],
    [404, "<html>", "halt FR4003"],
    [404, '{"error_code":404,"message":"HTTP 404 Not Found"}', "halt FR4003"],
    [302, "", "halt FR4003"],
    [200, "<html>log in</html>", "halt FR4003"],
    [200, "{}", "halt FR4003"],
    [204, "", "halt FR4003"],
  ])("that answers %s %s makes the partition %s", async (status, body, expected) => {
    stub.answerWith((_, response) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/elsewhere" });
      response.end(body);
    });
    expect(await troubleOf([recordOf({ value: framed(1, row("1", 1n)) })])).toMatch(new RegExp(`^${expected} `));
    expect(stub.requests).toHaveLength(1);
    stub.answerWith(null);
    expect(await told([recordOf({ value: framed(1, row("1", 1n)) })])).toEqual(["update 1 v1"]);
  });

  test("that knows no GUIDs is still one: a record that names a GUID is dead, and does not make its partition wait for somebody", async () => {
    const guid = Buffer.concat([Buffer.of(1), Buffer.alloc(16, 7)]);
    const record = recordOf({ value: row("1", 2n), headers: { __value_schema_id: guid } });
    const lost = (response: ServerResponse) => {
      response.writeHead(404, { "content-type": "application/json" });
      response.end('{"error_code":404,"message":"HTTP 404 Not Found"}');
    };
    stub.answerWith((request, response) => (request.url === "/schemas/types" ? void response.end('["JSON","AVRO"]') : lost(response)));
    expect(await told([record])).toEqual(["undecodable: the registry does not have the schema that the record names"]);
    frames.close();
    frames = createFrames({ url: stub.url, user: null, tls: {}, clock });
    stub.answerWith((_, response) => lost(response));
    expect(await troubleOf([record])).toMatch(/^halt FR4003 /); // whoever does not know that either is none
  });

  test("that does not answer is not waited for without an end", async () => {
    stub.answerWith(() => undefined);
    const http = createRegistryHttp({ url: stub.url, user: null, tls: {}, clock });
    await expect(http.get("/schemas/ids/1", AbortSignal.timeout(20))).rejects.toMatchObject({
      code: "FR4001",
      message: expect.stringMatching(/did not answer in time$/),
    });
    http.close();
  });

  test("that breaks off in the middle is waited for", async () => {
    stub.answerWith((_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"schema":');
      response.destroy();
    });
    expect(await troubleOf([recordOf({ value: framed(1, row("1", 1n)) })])).toMatch(/^wait FR4001 /);
  });
});

describe("a schema that the registry does not have", () => {
  const named = (id: number, timestampMs: number) => recordOf({ value: framed(id, row("1", 1n)), timestampMs });
  const unknown = "undecodable: the registry does not have the schema that the record names";

  test("is waited for while its record is young, for a copy of a registry may be late", async () => {
    expect(await troubleOf([named(8, clock.nowMs())])).toBe("wait FR4004 the schema registry does not have the schema ids/8 yet");
    stub.put(8, { schema: ROW });
    expect(await told([named(8, clock.nowMs())])).toEqual(["update 1 v1"]);
  });

  test("dead-letters a record of more than a minute ago at once", async () => {
    expect(await told([named(8, clock.nowMs() - 60_000), recordOf({ value: framed(1, row("2", 1n)) })])).toEqual([unknown, "update 2 v1"]);
    await told([named(8, 0), named(8, 0)]);
    expect(stub.requests.toSorted()).toEqual(["GET /schemas/ids/1", "GET /schemas/ids/8"]); // and the registry is left in peace
  });

  test("dead-letters a record that says it is of tomorrow at once too, or every one of a flood would wait anew", async () => {
    expect(await told([named(8, clock.nowMs() + 5001)])).toEqual([unknown]);
    expect(await troubleOf([named(9, clock.nowMs() + 5000)])).toMatch(/^wait FR4004 /);
    expect(await troubleOf([named(10, clock.nowMs() + 86_400_000), named(10, clock.nowMs())])).toMatch(/^wait FR4004 /);
  });

  test("dead-letters a young record after a minute, and then asks now and then", async () => {
    const record = named(8, clock.nowMs());
    expect(await troubleOf([record])).toMatch(/^wait FR4004 /);
    await clock.advance(59_000);
    expect(await troubleOf([record])).toMatch(/^wait FR4004 /);
    await clock.advance(1000);
    expect(await told([record])).toEqual([unknown]);
    const asked = stub.requests.length;
    expect(await told([record, named(8, clock.nowMs())])).toEqual([unknown, unknown]);
    expect(stub.requests).toHaveLength(asked);
    await clock.advance(30_000);
    stub.put(8, { schema: ROW });
    expect(await told([record])).toEqual(["update 1 v1"]);
  });

  test("does not keep a record from being read that has its own", async () => {
    expect(await told([named(8, 0), named(9, 0), named(1, 0)])).toEqual([unknown, unknown, "update 1 v1"]);
  });
});
