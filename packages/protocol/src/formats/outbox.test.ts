import { describe, expect, test } from "@jest/globals";
import { record, source, told } from "../../tests/fixtures.js";
import type { SourceReads, SourceSpec } from "../source.js";
import { decodeOutbox } from "./outbox.js";

const reads: SourceReads = {
  id: [],
  version: { from: "header", name: "aggregateVersion" },
  type: null,
  time: null,
  replicaIdentity: "default",
};
const products = source({ format: "outbox", reads, ops: new Map([["ProductGone", "delete"]]) });
const headers = { id: "e1", eventType: "ProductRenamed", aggregateVersion: "7" };

interface Sent {
  readonly key?: string | null;
  readonly value?: string | null;
  readonly headers?: Record<string, string>;
}
const decode = (sent: Sent, spec: SourceSpec = products) => decodeOutbox(record({ key: "42", value: "{}", headers, ...sent }), [spec]);
const eventOf = (...given: Parameters<typeof decode>) => {
  const decoded = decode(...given);
  if (decoded.kind !== "event") throw new Error(told(decoded));
  return decoded.event;
};

describe("the same row by each converter", () => {
  const row = '{"name":"a","n":9007199254740993}';
  const quoted = JSON.stringify(row);
  const withSchema = (type: string, payload: string) => `{"schema":{"type":"${type}","optional":true},"payload":${payload}}`;

  test.each([
    ["StringConverter", "42", row],
    ["JsonConverter", '"42"', quoted],
    ["JsonConverter, payload expanded", '"42"', row],
    ["JsonConverter with schemas", withSchema("string", '"42"'), withSchema("string", quoted)],
    ["JsonConverter with schemas, payload expanded", withSchema("string", '"42"'), withSchema("struct", row)],
    ["a key that is a number, with its schema", withSchema("int64", "42"), row],
  ])("%s", (_name, key, value) => {
    const { id, subject, version, type, op, data, previous } = eventOf({ key, value });
    expect({ id, subject, version, type, op, data, previous }).toEqual({
      id: "e1",
      subject: "42",
      version: "7",
      type: "ProductRenamed",
      op: "update",
      data: { name: "a", n: 9007199254740993n },
      previous: {},
    });
  });

  test.each([null, "", "null", '""', '{"schema":{"type":"string"},"payload":null}'])(
    "an empty payload, written as %j, is no data",
    (value) => {
      const event = eventOf({ value, headers: { ...headers, eventType: "ProductGone" } });
      expect([event.subject, event.version, event.op, event.data]).toEqual(["42", "7", "delete", {}]);
    },
  );

  test("a null value is an event by either of the router's headers", () => {
    expect(told(decode({ value: null, headers: { id: "e1", aggregateVersion: "7" } }))).toBe("update s/42 v7 ");
    expect(told(decode({ value: null, headers: { eventType: "ProductGone", aggregateVersion: "7" } }))).toBe("delete s/42 v7 ProductGone");
  });

  test("headers that a JSON header converter wrote", () => {
    const written = { id: '"e1"', eventType: withSchema("string", '"ProductGone"'), aggregateVersion: withSchema("int64", "7") };
    expect(told(decode({ headers: written }))).toBe("delete s/42 v7 ProductGone");
  });
});

describe("keys", () => {
  test.each([
    ["007", "007"],
    ["1e3", "1e3"],
    ["a b", "a b"],
    ['"', '"'],
    ['"a', '"a'],
    ["{", "{"],
    ['"a\\"b"', 'a"b'],
    ["9007199254740993", "9007199254740993"],
  ])("%s is the subject %s", (key, subject) => {
    expect(eventOf({ key }).subject).toBe(subject);
  });

  test.each([
    [null, "schema_invalid"],
    ["", "schema_invalid"],
    ['""', "schema_invalid"],
    ['{"id":42}', "schema_invalid"],
    ["a\nb", "schema_invalid"],
    ["Struct{id=42}", "unsupported_format"],
  ])("%j is none: %s", (key, reason) => {
    expect(told(decode({ key }))).toBe(`rejected ${reason}`);
  });
});

describe("versions, types and the rest are read where the source says", () => {
  test.each([
    [{ id: "e1", eventType: "x" }, "version_missing"],
    [{ ...headers, aggregateVersion: "" }, "version_missing"],
    [{ ...headers, aggregateVersion: "07" }, "version_invalid"],
    [{ ...headers, aggregateVersion: "7.0" }, "version_invalid"],
    [{ ...headers, aggregateVersion: '"-7"' }, "version_invalid"],
  ])("%j: %s", (given, reason) => {
    expect(told(decode({ headers: given }))).toBe(`rejected ${reason}`);
    expect(told(decode({ headers: given }, { ...products, spaceKind: "none", reads: { ...reads, version: null } }))).toMatch(/ blind /);
  });

  test("in the payload, also where that is a text in the text", () => {
    const spec = { ...products, reads: { ...reads, version: { from: "pointer", path: ["meta", "rev"] } } } as const;
    for (const write of [String, JSON.stringify]) {
      expect(told(decode({ value: write('{"meta":{"rev":9007199254740993}}') }, spec))).toBe(
        "update s/42 v9007199254740993 ProductRenamed",
      );
      expect(told(decode({ value: write('{"meta":{"rev":5.0}}') }, spec))).toBe("rejected version_invalid");
    }
  });

  test("type, time, previous and tenant by pointers", () => {
    const spec: SourceSpec = {
      ...products,
      reads: { ...reads, type: { from: "pointer", path: ["kind"] }, time: { from: "pointer", path: ["at"] } },
      previous: ["old"],
      tenant: { from: "header", name: "tenant" },
    };
    const value = '{"kind":"ProductGone","at":"1970-01-01T00:00:01Z","old":{"a":1}}';
    const event = eventOf({ value, headers: { ...headers, tenant: '"t1"' } }, spec);
    expect([event.op, event.timeUs, event.previous, event.tenant]).toEqual(["delete", 1_000_000, { a: 1 }, "t1"]);
    expect(told(decode({ value: "{}" }, spec))).toBe("rejected schema_invalid");
  });

  test("without a type header, everything is an update of type nothing", () => {
    expect(told(decode({ headers: { id: "e1", aggregateVersion: "7" } }))).toBe("update s/42 v7 ");
  });
});

describe("which source takes a record", () => {
  const orders = source({ ...products, space: "o", matchesType: (type) => type.startsWith("Order") });
  const catalog = source({ ...products, matchesType: (type) => type.startsWith("Product") });
  const typed = (eventType: string) => record({ key: "42", value: "{}", headers: { ...headers, eventType } });

  test("the first that matches; none: no_match, or untrusted where a source is strict", () => {
    expect(told(decodeOutbox(typed("OrderPaid"), [catalog, orders]))).toBe("update o/42 v7 OrderPaid");
    expect(told(decodeOutbox(typed("UserCreated"), [catalog, orders]))).toBe("no_match");
    expect(told(decodeOutbox(typed("UserCreated"), [catalog, { ...orders, strict: true }]))).toBe("rejected untrusted");
  });
});

describe("what is no event of an outbox", () => {
  test("a tombstone has neither an id nor a type", () => {
    expect(told(decode({ value: null, headers: {} }))).toBe("ignored");
    expect(told(decode({ value: null, headers: {}, key: '"42"' }, { ...products, tombstones: "delete" }))).toBe(
      "delete s/42 blind tombstone",
    );
    expect(told(decode({ value: null, headers: { aggregateVersion: "9" } }, { ...products, tombstones: "delete" }))).toBe(
      "delete s/42 v9 tombstone",
    );
  });

  test("a payload that looks like a heartbeat is still an event when the router sent it", () => {
    const value = '{"ts_ms":5}';
    expect([told(decode({ value })), told(decode({ value, headers: {} }))]).toEqual(["update s/42 v7 ProductRenamed", "ignored"]);
  });

  test.each([
    ["undecodable", "not json"],
    ["undecodable", '"{"'],
    ["schema_invalid", "[]"],
    ["schema_invalid", "7"],
    ["schema_invalid", '"[1]"'],
    ["schema_invalid", '"\\"twice\\""'],
    ["unsupported_format", "Struct{name=a}"],
    ["unsupported_format", "\u0000\u0000\u0000\u0000\u0001x"],
  ])("%s: %s", (reason, value) => {
    expect(told(decode({ value }))).toBe(`rejected ${reason}`);
  });
});
