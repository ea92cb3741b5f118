import { describe, expect, test } from "@jest/globals";
import type { Decoded } from "../decoded.js";
import type { KafkaRecord, RecordHeader } from "../record.js";
import type { SourceSpec } from "../source.js";
import { decodeCloudEvent } from "./cloudevents.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const header = (name: string, value: string): RecordHeader => ({ name, value: bytes(value) });

const products: SourceSpec = {
  name: "products",
  topic: "shop.products",
  format: "cloudevents",
  space: "catalog.product",
  spaceKind: "counter",
  ops: new Map([["product.deleted", "delete"]]),
  previous: ["previous"],
  tenant: { from: "header", name: "x-tenant" },
  matchesType: () => true,
  strict: false,
  tombstones: "ignore",
};

const record = (value: Uint8Array | null, headers: readonly RecordHeader[] = []): KafkaRecord => ({
  topic: "shop.products",
  partition: 0,
  offset: 7,
  timestampMs: 0,
  key: null,
  value,
  headers,
});

const structured = (event: object): KafkaRecord =>
  record(bytes(JSON.stringify(event)), [header("content-type", "application/cloudevents+json")]);
const base = {
  specversion: "1.0",
  id: "e1",
  source: "/shop",
  type: "product.updated",
  subject: "42",
  freshetversion: "7",
  data: { price: 5 },
};
const binary = (over: Record<string, string> = {}): RecordHeader[] => {
  const attributes = {
    ce_specversion: "1.0",
    ce_id: "e1",
    ce_source: "/shop",
    ce_type: "product.updated",
    ce_subject: "42",
    ce_freshetversion: "7",
  };
  return Object.entries({ ...attributes, "content-type": "application/json", ...over }).map(([name, value]) => header(name, value));
};

const decode = (from: KafkaRecord, source: Partial<SourceSpec> = {}): Decoded => decodeCloudEvent(from, [{ ...products, ...source }]);
const eventOf = (decoded: Decoded) => {
  if (decoded.kind !== "event") throw new Error(JSON.stringify(decoded));
  return decoded.event;
};
const reasonOf = (decoded: Decoded): string => (decoded.kind === "rejected" ? decoded.rejection.reason : decoded.kind);

describe("both modes give the same event", () => {
  test.each([
    ["structured", structured(base)],
    ["binary", record(bytes('{"price":5}'), binary())],
    ["structured as application/json", record(bytes(JSON.stringify(base)), [header("content-type", "application/json")])],
    ["structured without a content-type", record(bytes(JSON.stringify(base)))],
    [
      "structured, content-type in capitals with a charset",
      record(bytes(JSON.stringify(base)), [header("content-type", "Application/CloudEvents+JSON; charset=UTF-8")]),
    ],
    ["structured, data in base64", structured({ ...base, data: undefined, data_base64: btoa('{"price":5}') })],
  ])("%s", (_mode, from) => {
    const { id, space, subject, version, op, type, source, data, previous, tenant } = eventOf(decode(from));
    expect({ id, space, subject, version, op, type, source, data, previous, tenant }).toEqual({
      id: "e1",
      space: "catalog.product",
      subject: "42",
      version: "7",
      op: "update",
      type: "product.updated",
      source: "products",
      data: { price: 5 },
      previous: {},
      tenant: null,
    });
  });
});

describe("what is read from an event", () => {
  test("op by type, previous by pointer, tenant only from where the source says", () => {
    const from = structured({ ...base, type: "product.deleted", data: { previous: { price: 4 }, tenant: "evil" } });
    const event = eventOf(decode({ ...from, headers: [...from.headers, header("x-tenant", "t1")] }));
    expect([event.op, event.previous, event.tenant]).toEqual(["delete", { price: 4 }, "t1"]);
  });

  test("time in microseconds, and none when it cannot be read", () => {
    expect(eventOf(decode(structured({ ...base, time: "1970-01-01T00:00:01.5Z" }))).timeUs).toBe(1_500_000);
    expect(eventOf(decode(structured({ ...base, time: "yesterday" }))).timeUs).toBeNull();
  });

  test("no data at all is an empty object", () => {
    expect(eventOf(decode(record(new Uint8Array(), binary()))).data).toEqual({});
    expect(eventOf(decode(structured({ ...base, data: null }))).data).toEqual({});
  });

  test("an integer past 2^53 keeps its digits, as version and as data", () => {
    const text = JSON.stringify({ ...base, freshetversion: 0, data: 0 })
      .replace('"freshetversion":0', '"freshetversion":9007199254740993')
      .replace('"data":0', '"data":{"n":9007199254740993,"x":1.5}');
    const event = eventOf(decode(record(bytes(text))));
    expect([event.version, event.data]).toEqual(["9007199254740993", { n: 9007199254740993n, x: 1.5 }]);
  });

  test("the last of repeated headers counts, and a name from the prototype is only a header", () => {
    const headers = [...binary(), header("x-tenant", "a"), header("x-tenant", "b"), header("__proto__", "c"), header("toString", "d")];
    const event = eventOf(decode(record(bytes("{}"), headers)));
    expect(event.tenant).toBe("b");
    expect(Object.hasOwn(event.headers, "__proto__")).toBe(true);
  });
});

describe("versions", () => {
  test.each(["-1", "01", "1.5", "1e3", "+1", " 1", "abc", "123456789012345678901"])("%j is version_invalid", (freshetversion) => {
    expect(reasonOf(decode(structured({ ...base, freshetversion })))).toBe("version_invalid");
    expect(reasonOf(decode(record(bytes("{}"), binary({ ce_freshetversion: freshetversion }))))).toBe("version_invalid");
  });

  test.each([1.5, -1, 1e300, true, [], {}])("the JSON value %j is version_invalid", (freshetversion) => {
    expect(reasonOf(decode(structured({ ...base, freshetversion })))).toBe("version_invalid");
  });

  test.each(["1e3", "5.0", "5e0", "-0", "9007199254740991.0", "1E2"])("the number %s is judged as it is written", (written) => {
    const text = JSON.stringify({ ...base, freshetversion: 0, data: { freshetversion: 7 } }).replace(
      '"freshetversion":0',
      `"freshetversion":${written}`,
    );
    expect(reasonOf(decode(record(bytes(text))))).toBe("version_invalid");
  });

  test("missing, null or empty is version_missing, unless sequence stands in or the source has none", () => {
    for (const freshetversion of [undefined, null, ""]) {
      const without = { ...base, freshetversion };
      expect(reasonOf(decode(structured(without)))).toBe("version_missing");
      expect(eventOf(decode(structured({ ...without, sequence: "12" }))).version).toBe("12");
      expect(eventOf(decode(structured(without), { spaceKind: "none" })).version).toBeNull();
    }
  });

  test("a timestamp space takes integers and RFC 3339, stored as microseconds", () => {
    const at = (freshetversion: string) => decode(structured({ ...base, freshetversion }), { spaceKind: "timestamp" });
    expect(eventOf(at("1970-01-01T00:00:02Z")).version).toBe("2000000");
    expect(eventOf(at("17")).version).toBe("17");
    expect(reasonOf(at("1969-01-01T00:00:00Z"))).toBe("version_invalid");
  });
});

describe("bad records are rejected with a reason, never thrown", () => {
  test.each<[string, KafkaRecord]>([
    ["undecodable", record(bytes("not json"))],
    ["undecodable", record(bytes('{"specversion":"1.0"'))],
    ["undecodable", record(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))],
    ["undecodable", record(bytes("{"), binary())],
    ["unsupported_format", record(bytes("{}"), [header("content-type", "application/cloudevents+avro")])],
    ["unsupported_format", record(bytes("[]"), [header("content-type", "application/cloudevents-batch+json")])],
    ["unsupported_format", record(bytes("{}"), binary({ "content-type": "application/avro" }))],
    ["unsupported_format", structured({ ...base, specversion: "0.3" })],
    ["unsupported_format", structured({ ...base, data: undefined, datacontenttype: "text/plain", data_base64: "aGk=" })],
    ["schema_invalid", record(bytes('{"price":5}'))],
    ["schema_invalid", record(bytes("[]"))],
    ["schema_invalid", record(bytes("null"))],
    ["schema_invalid", structured({ ...base, id: "" })],
    ["schema_invalid", structured({ ...base, type: 5 })],
    ["schema_invalid", structured({ ...base, subject: undefined })],
    ["schema_invalid", structured({ ...base, subject: "a\nb" })],
    ["schema_invalid", structured({ ...base, subject: "\u{9f}" })],
    ["schema_invalid", record(bytes(JSON.stringify(base).replace('"42"', '"\\ud800"')))],
    ["schema_invalid", structured({ ...base, subject: "é".repeat(300) })],
    ["schema_invalid", structured({ ...base, data: [1] })],
    ["schema_invalid", structured({ ...base, data: "text" })],
    ["schema_invalid", structured({ ...base, data: { previous: "text" } })],
    ["schema_invalid", record(bytes("{}"), [header("ce_id", "e1")])],
    ["too_large", record(new Uint8Array(8 * 1024 * 1024 + 1))],
  ])("%s %#", (reason, from) => {
    const decoded = decode(from);
    expect(reasonOf(decoded)).toBe(reason);
    if (decoded.kind === "rejected") expect(decoded.rejection.fix).not.toBe("");
  });

  test.each(["ce_subject", "ce_type", "ce_id"])("%s that is not UTF-8 is refused: two ids never become one", (name) => {
    const headers = binary().map((one) => (one.name === name ? { name, value: Uint8Array.of(0x61, 0xff) } : one));
    expect(reasonOf(decode(record(bytes("{}"), headers)))).toBe("schema_invalid");
  });

  test("a byte order mark belongs to the id", () => {
    expect(eventOf(decode(record(bytes("{}"), binary({ ce_subject: "\ufeff42" })))).subject).toBe("\ufeff42");
  });

  test("no text of a rejection repeats what the record holds", () => {
    const secret = "alice@example.org";
    const events = [
      { ...base, id: secret, subject: "" },
      { ...base, freshetversion: secret },
      { ...base, specversion: secret },
      { ...base, subject: `${secret}\n` },
      { ...base, data: secret },
    ];
    for (const event of events) expect(JSON.stringify(decode(structured(event)))).not.toContain(secret);
  });
});

describe("which source takes a record", () => {
  const orders: SourceSpec = { ...products, name: "orders", space: "orders", matchesType: (type) => type.startsWith("order.") };
  const catalog: SourceSpec = { ...products, matchesType: (type) => type.startsWith("product.") };

  test("the first that matches", () => {
    expect(eventOf(decodeCloudEvent(structured({ ...base, type: "order.paid" }), [catalog, orders])).space).toBe("orders");
  });

  test("none: no_match, or untrusted where a source is strict", () => {
    const other = structured({ ...base, type: "user.created" });
    expect(reasonOf(decodeCloudEvent(other, [catalog, orders]))).toBe("no_match");
    expect(reasonOf(decodeCloudEvent(other, [catalog, { ...orders, strict: true }]))).toBe("untrusted");
  });
});

describe("tombstones", () => {
  test("are none where the headers are an event's: it has no data", () => {
    for (const tombstones of ["ignore", "delete"] as const) {
      const event = eventOf(decode(record(null, binary()), { tombstones }));
      const whole = eventOf(decode(record(new Uint8Array(), binary()), { tombstones }));
      expect(event.version).not.toBeNull();
      expect([event.subject, event.type, event.version, event.data]).toEqual([whole.subject, whole.type, whole.version, {}]);
    }
    expect(reasonOf(decode(record(null, binary({ ce_subject: "" }))))).toBe("schema_invalid");
    expect(
      reasonOf(
        decode(
          record(
            null,
            binary().filter(({ name }) => name !== "ce_specversion"),
          ),
        ),
      ),
    ).toBe("ignored");
  });

  test("are ignored, or blind deletes of their key where the source says so", () => {
    expect(reasonOf(decode(record(null)))).toBe("ignored");
    const event = eventOf(decode({ ...record(null), key: bytes("42") }, { tombstones: "delete" }));
    expect([event.subject, event.op, event.version]).toEqual(["42", "delete", null]);
    expect(reasonOf(decode(record(null), { tombstones: "delete" }))).toBe("schema_invalid");
  });
});
