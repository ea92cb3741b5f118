import { describe, expect, test } from "@jest/globals";
import { record, source, told } from "../../tests/fixtures.js";
import type { FieldRef, SourceReads, SourceSpec } from "../source.js";
import { decodeJsonDocument } from "./json-document.js";

const at = (...path: string[]): FieldRef => ({ from: "pointer", path });
const reads: SourceReads = { id: [at("order", "id")], version: at("rev"), type: at("kind"), time: at("at"), replicaIdentity: "default" };
const orders = source({ format: "json", space: "orders", reads, ops: new Map([["gone", "delete"]]), previous: ["old"] });
const order = { order: { id: 42 }, rev: 7, kind: "paid", at: "1970-01-01T00:00:01.5Z", old: { total: 1 } };

interface Sent {
  readonly key?: string | null;
  readonly headers?: Record<string, string>;
}
const decode = (value: object | string | null, spec: SourceSpec = orders, sent: Sent = {}) => {
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : value;
  return decodeJsonDocument(record({ value: text, ...sent }), [spec]);
};
const eventOf = (...given: Parameters<typeof decode>) => {
  const decoded = decode(...given);
  if (decoded.kind !== "event") throw new Error(told(decoded));
  return decoded.event;
};
const reading = (over: Partial<SourceReads>): SourceSpec => ({ ...orders, reads: { ...reads, ...over } });

test("a document by its pointers", () => {
  const { id, space, subject, version, op, type, time, timeUs, data, previous, tenant, trace } = eventOf(order, orders, {
    headers: { traceparent: "00-1" },
  });
  expect({ id, space, subject, version, op, type, time, timeUs, data, previous, tenant, trace }).toEqual({
    id: "t/0/7",
    space: "orders",
    subject: "42",
    version: "7",
    op: "update",
    type: "paid",
    time: "1970-01-01T00:00:01.5Z",
    timeUs: 1_500_000,
    data: order,
    previous: { total: 1 },
    tenant: null,
    trace: "00-1",
  });
});

test("a document by headers", () => {
  const header = (name: string): FieldRef => ({ from: "header", name });
  const spec = { ...reading({ id: [header("id"), at("n")], version: header("v"), type: header("t") }), tenant: header("x-tenant") };
  const event = eventOf({ n: 2 }, spec, { headers: { id: "a,b", v: "9007199254740993", t: "gone", "x-tenant": "t1" } });
  expect([event.subject, event.version, event.op, event.tenant]).toEqual(["a%2Cb,2", "9007199254740993", "delete", "t1"]);
});

describe("ids", () => {
  const two = reading({ id: [at("a"), at("b")] });

  test("different parts never make the same subject", () => {
    const subjects = [
      { a: "x", b: "y,z" },
      { a: "x,y", b: "z" },
      { a: "x%2Cy", b: "z" },
    ].map((ids) => eventOf({ ...order, ...ids }, two).subject);
    expect(new Set(subjects).size).toBe(3);
  });

  test.each([{ a: 1 }, { a: 1, b: null }, { a: 1, b: "" }, { a: 1, b: true }, { a: 1, b: 1.5 }, { a: 1, b: {} }, { a: 1, b: [2] }])(
    "%j is no id",
    (ids) => {
      expect(told(decode({ ...order, ...ids }, two))).toBe("rejected schema_invalid");
    },
  );

  test("what every object inherits is no id", () => {
    for (const name of ["constructor", "__proto__", "toString"])
      expect(told(decode(order, reading({ id: [at(name)] })))).toBe("rejected schema_invalid");
  });

  test("every digit is kept, and a pointer may lead into a list", () => {
    expect(eventOf('{"order":{"id":9007199254740993},"rev":1,"kind":"x"}').subject).toBe("9007199254740993");
    expect(eventOf({ ...order, lines: [{ id: "l1" }] }, reading({ id: [at("lines", "0", "id")] })).subject).toBe("l1");
  });
});

describe("versions", () => {
  test.each(["5.0", "1e3", "-1", '"01"', "true", "123456789012345678901"])("%s is version_invalid", (rev) => {
    expect(told(decode(JSON.stringify({ ...order, rev: "V" }).replace('"V"', rev)))).toBe("rejected version_invalid");
    expect(told(decode(`{"\\u0072ev":${rev},"order":{"id":1},"kind":"x"}`))).toBe("rejected version_invalid");
  });

  test.each([undefined, null, ""])("%j is version_missing", (rev) => {
    expect(told(decode({ ...order, rev }))).toBe("rejected version_missing");
  });

  test("a timestamp space takes integers and RFC 3339; a source without versions is blind", () => {
    const stamped = { ...orders, spaceKind: "timestamp" } as const;
    expect(eventOf({ ...order, rev: "1970-01-01T00:00:02Z" }, stamped).version).toBe("2000000");
    expect(eventOf({ ...order, rev: 17 }, stamped).version).toBe("17");
    expect(told(decode({ ...order, rev: "1969-01-01T00:00:00Z" }, stamped))).toBe("rejected version_invalid");
    expect(eventOf(order, { ...reading({ version: null }), spaceKind: "none" }).version).toBeNull();
  });
});

describe("types", () => {
  test("say the op and which source takes the document; each source looks where it was told", () => {
    const paid = { ...orders, name: "paid", matchesType: (type: string) => type === "paid" };
    const other = { ...reading({ type: at("event") }), name: "other", space: "o2", matchesType: (type: string) => type === "shipped" };
    const take = (value: object) => told(decodeJsonDocument(record({ value: JSON.stringify(value) }), [paid, other]));
    expect(take(order)).toBe("update orders/42 v7 paid");
    expect(take({ ...order, kind: undefined, event: "shipped" })).toBe("update o2/42 v7 shipped");
    expect(take({ ...order, kind: "x" })).toBe("no_match");
    const strict = [{ ...paid, strict: true }, other];
    expect(told(decodeJsonDocument(record({ value: '{"kind":"x"}' }), strict))).toBe("rejected untrusted");
  });

  test("missing where the source names it: rejected; not named: nothing", () => {
    expect(told(decode({ ...order, kind: undefined }))).toBe("rejected schema_invalid");
    expect(told(decode({ ...order, kind: { a: 1 } }))).toBe("rejected schema_invalid");
    expect(told(decode(order, reading({ type: null })))).toBe("update orders/42 v7 ");
  });
});

describe("time that cannot be read is unknown", () => {
  test.each([undefined, null, 1500, "yesterday"])("%j", (time) => {
    expect(eventOf({ ...order, at: time }).timeUs).toBeNull();
  });
});

describe("tombstones", () => {
  const deletes = { ...orders, tombstones: "delete" } as const;
  const two = { ...deletes, reads: { ...reads, id: [at("shop"), at("order", "id")] } };

  test.each([
    ["42", deletes, "delete orders/42 blind tombstone"],
    ['"42"', deletes, "delete orders/42 blind tombstone"],
    ['{"id":42}', deletes, "delete orders/42 blind tombstone"],
    ['{"order":{"id":42}}', deletes, "delete orders/42 blind tombstone"],
    ['{"shop":"a b","id":42}', two, "delete orders/a%20b,42 blind tombstone"],
    ["42", two, "rejected schema_invalid"],
    ['{"id":42}', two, "rejected schema_invalid"],
    [null, deletes, "rejected schema_invalid"],
    ["", deletes, "rejected schema_invalid"],
    ["42", orders, "ignored"],
  ])("with the key %j", (key, spec, expected) => {
    expect(told(decode(null, spec, { key }))).toBe(expected);
  });

  test("a version in a header is the delete's", () => {
    const spec = { ...deletes, reads: { ...reads, version: { from: "header", name: "v" } } } as const;
    expect(told(decode(null, spec, { key: "42", headers: { v: "9" } }))).toBe("delete orders/42 v9 tombstone");
    expect(told(decode(null, spec, { key: "42", headers: { v: "x" } }))).toBe("rejected version_invalid");
    expect(told(decode(null, spec, { key: "42" }))).toBe("delete orders/42 blind tombstone");
  });
});

describe("bad documents are rejected with a reason", () => {
  test.each([
    ["undecodable", "not json"],
    ["undecodable", ""],
    ["undecodable", '{"order":'],
    ["schema_invalid", "null"],
    ["schema_invalid", "[]"],
    ["schema_invalid", "7"],
    ["schema_invalid", JSON.stringify({ ...order, old: "text" })],
    ["schema_invalid", JSON.stringify({ ...order, order: { id: "a\tb" } })],
    ["schema_invalid", JSON.stringify({ ...order, order: { id: "x".repeat(600) } })],
    ["unsupported_format", "\u0000\u0000\u0000\u0000\u0001{}"],
  ])("%s: %s", (reason, value) => {
    expect(told(decode(value))).toBe(`rejected ${reason}`);
  });
});
