import { describe, expect, test } from "@jest/globals";
import { record, source, told } from "../../tests/fixtures.js";
import type { Decoded } from "../decoded.js";
import type { DomainEvent } from "../event.js";
import type { FieldRef, SourceReads, SourceSpec } from "../source.js";
import { decodeDebezium } from "./debezium.js";

const column = (name: string): FieldRef => ({ from: "pointer", path: [name] });
const reads: SourceReads = { id: [column("id")], version: column("version"), type: null, time: null, replicaIdentity: "full" };
const rows = source({ reads });
const blindDeletes = source({ reads: { ...reads, replicaIdentity: "default" } });

const from = { schema: "public", table: "product", ts_ms: 5 };
const change = (parts: object): string => JSON.stringify({ before: null, after: null, source: from, ...parts });
const decode = (value: string | null, key: string | null = '{"id":1}', spec: SourceSpec = rows) =>
  decodeDebezium(record({ value, key }), [spec]);
const eventOf = (...given: Parameters<typeof decode>) => eventIn(decode(...given));
const eventIn = (decoded: Decoded): DomainEvent => {
  if (decoded.kind !== "event") throw new Error(told(decoded));
  return decoded.event;
};

describe("deletes", () => {
  const deleted = (before: object | null) => change({ op: "d", before });

  test.each([
    ["7", "8"],
    ["0", "1"],
    ["9", "10"],
    ["1099", "1100"],
    ["9007199254740992", "9007199254740993"],
    ["9007199254740993", "9007199254740994"],
    ["99999999999999999998", "99999999999999999999"],
    ["9999999999999999999", "10000000000000000000"],
  ])("the row before of version %s was deleted at %s", (last, version) => {
    const bare = deleted({ id: 1, version: 0 }).replace('"version":0', `"version":${last}`);
    expect(told(decode(bare))).toBe(`delete s/1 v${version} public.product`);
    expect(told(decode(deleted({ id: 1, version: last })))).toBe(`delete s/1 v${version} public.product`);
  });

  test("no version comes after twenty nines", () => {
    expect(told(decode(deleted({ id: 1, version: "9".repeat(20) })))).toBe("rejected version_invalid");
  });

  test("full, but there is no row before: the declaration is wrong, and that is said", () => {
    expect(told(decode(deleted(null)))).toBe("rejected version_missing");
    expect(told(decode(deleted({ id: 1, version: null })))).toBe("rejected version_missing");
  });

  test("default: blind, by the record key alone, for all else may be zeros that look like data", () => {
    const event = eventOf(deleted({ id: 1, sku: "", version: 0 }), '{"id":1}', blindDeletes);
    expect([event.version, event.data, event.previous]).toEqual([null, { id: 1 }, {}]);
    const bySku = source({ reads: { ...reads, id: [column("sku")], replicaIdentity: "default" } });
    expect(told(decode(deleted({ id: 1, sku: "", version: 0 }), '{"id":1}', bySku))).toBe("rejected schema_invalid");
  });

  test("a source without versions is blind in all it says, with the row it has", () => {
    const none = source({ spaceKind: "none", reads: { ...reads, version: null } });
    const event = eventOf(deleted({ id: 1, name: "a" }), null, none);
    expect([event.version, event.data]).toEqual([null, { id: 1, name: "a" }]);
    expect(told(decode(deleted(null), '{"id":1}', none))).toBe("delete s/1 blind public.product");
  });

  test("a timestamp counts in microseconds", () => {
    const stamped = source({ spaceKind: "timestamp", reads: { ...reads, version: column("at") } });
    const before = { id: 1, at: "1970-01-01T00:00:01Z" };
    expect(told(decode(deleted(before), null, stamped))).toBe("delete s/1 v1000001 public.product");
    expect(told(decode(change({ op: "u", after: before }), null, stamped))).toBe("update s/1 v1000000 public.product");
  });
});

describe("versions are digits as they were written", () => {
  const updated = (version: string) => change({ op: "u", after: { id: 1, version: "V" } }).replace('"V"', version);

  test.each([
    "5.0",
    "1e3",
    "-1",
    "1.5",
    "5E0",
    "-0",
    "true",
    "[]",
    '"01"',
    '"1.0"',
    '"AJY="',
    "123456789012345678901",
    "9007199254740993.0",
  ])("%s is version_invalid", (version) => {
    expect(told(decode(updated(version)))).toBe("rejected version_invalid");
    expect(told(decode(JSON.stringify({ schema: { type: "struct" }, payload: null }).replace("null", updated(version))))).toBe(
      "rejected version_invalid",
    );
  });

  test.each(["null", '""'])("%s is version_missing", (version) => {
    expect(told(decode(updated(version)))).toBe("rejected version_missing");
  });

  test("a fraction elsewhere is nobody's business", () => {
    const text = change({ op: "u", before: { id: 1, version: 4, weight: 1.5 }, after: { id: 1, version: 5, price: 2.5 } });
    expect(told(decode(text.replace('"version":4', '"version":4.0')))).toBe("update s/1 v5 public.product");
  });
});

describe("ids", () => {
  const both = source({ reads: { ...reads, id: [column("tenant"), column("id")] } });

  test.each([
    [{ tenant: "a", id: 1 }, "a,1"],
    [{ tenant: "a,b", id: 1 }, "a%2Cb,1"],
    [{ tenant: "a", id: "b,1" }, "a,b%2C1"],
    [{ tenant: "é %:{}\n", id: -7 }, "é%20%25%3A%7B%7D%0A,-7"],
  ])("%j make the subject %s", (row, subject) => {
    expect(eventOf(change({ op: "u", after: { ...row, version: 1 } }), null, both).subject).toBe(subject);
  });

  test("one id stands as it is", () => {
    expect(eventOf(change({ op: "u", after: { id: "a,b c", version: 1 } })).subject).toBe("a,b c");
  });

  test.each([null, "", true, 1.5, [1], {}])("%j is no id", (id) => {
    expect(told(decode(change({ op: "u", after: { id, version: 1 } }), null))).toBe("rejected schema_invalid");
  });

  test("a column that the row has not comes from the key, whoever wrote it", () => {
    const text = change({ op: "u", after: { version: 1 } });
    for (const key of ['{"id":42}', '{"schema":{"type":"struct"},"payload":{"id":42}}', "42", '"42"', '{"schema":null,"payload":42}'])
      expect(eventOf(text, key).subject).toBe("42");
    expect(eventOf(text, "007").subject).toBe("007");
    for (const key of [null, "", "Struct{id=42}", '{"other":1}', "{}", '{"schema":null,"payload":null}'])
      expect([key, told(decode(text, key))]).toEqual([key, "rejected schema_invalid"]);
  });

  test("what no subject may have is refused", () => {
    for (const id of ["a\nb", "\ud800", "x".repeat(600)])
      expect(told(decode(change({ op: "u", after: { id, version: 1 } })))).toBe("rejected schema_invalid");
  });
});

describe("columns whose value is not known are absent", () => {
  const word = "__debezium_unavailable_value";
  const codes = Array.from(word, (character) => character.charCodeAt(0));

  test.each([[word], [btoa(word)], [[word]], [codes], [{ [word]: word }]])("%j", (story) => {
    const event = eventOf(change({ op: "u", before: { id: 1, version: 1, story }, after: { id: 1, version: 2, story, name: "a" } }));
    expect([event.data, event.previous]).toEqual([
      { id: 1, version: 2, name: "a" },
      { id: 1, version: 1 },
    ]);
  });

  test("a text that only holds the words stays", () => {
    expect(eventOf(change({ op: "u", after: { id: 1, version: 2, story: `${word}!`, list: [word, word] } })).data).toMatchObject({
      story: `${word}!`,
      list: [word, word],
    });
  });

  test("a version that is not known is missing", () => {
    expect(told(decode(change({ op: "u", after: { id: 1, version: word } })))).toBe("rejected version_missing");
  });
});

describe("rows without an envelope", () => {
  const row = { id: 1, version: 7, name: "a" };
  const rewritten = (more: object) => JSON.stringify({ ...row, ...more });

  test.each([
    [rewritten({}), "update s/1 v7 row"],
    [rewritten({ __op: "c", __table: "product" }), "create s/1 v7 product"],
    [rewritten({ __op: "r", __source_schema: "public", __source_table: "product" }), "snapshot s/1 v7 public.product"],
    [rewritten({ __deleted: "false", __db: "shop", __table: "product" }), "update s/1 v7 shop.product"],
    [rewritten({ __deleted: "true" }), "delete s/1 v8 row"],
    [rewritten({ __deleted: true }), "delete s/1 v8 row"],
    [rewritten({ __op: "d" }), "delete s/1 v8 row"],
    [rewritten({ __op: "x" }), "rejected unsupported_format"],
    [JSON.stringify({ schema: { type: "struct" }, payload: row }), "update s/1 v7 row"],
    [rewritten({ schema: { type: "struct" }, payload: null }), "update s/1 v7 row"],
  ])("%s", (value, expected) => {
    expect(told(decode(value))).toBe(expected);
  });

  test("a delete of such a row is blind where the database logs no whole rows", () => {
    expect(told(decode(rewritten({ __deleted: "true", version: 0 }), '{"id":1}', blindDeletes))).toBe("delete s/1 blind row");
  });

  test("op and time may be in headers, and columns may be named like members of an envelope", () => {
    const headers = { __op: '{"schema":{"type":"string"},"payload":"c"}', __source_ts_ms: "1500" };
    const value = rewritten({ op: "UPDATE", source: "web", before: "x" });
    const event = eventIn(decodeDebezium(record({ value, headers }), [rows]));
    expect([event.op, event.timeUs, event.data]).toEqual(["create", 1_500_000, { ...row, op: "UPDATE", source: "web", before: "x" }]);
  });
});

describe("what a table may be trusted for", () => {
  const products = source({ name: "products", reads, matchesType: (type) => type === "public.product" });
  const brands = source({ name: "brands", space: "b", reads, matchesType: (type) => type === "public.brand" });
  const of = (table: string) => record({ value: change({ op: "u", after: { id: 1, version: 1 }, source: { schema: "public", table } }) });

  test("the first source that matches the table takes its rows", () => {
    expect(told(decodeDebezium(of("brand"), [products, brands]))).toBe("update b/1 v1 public.brand");
  });

  test("none: no_match, or untrusted where a source is strict", () => {
    expect(told(decodeDebezium(of("user"), [products, brands]))).toBe("no_match");
    expect(told(decodeDebezium(of("user"), [products, { ...brands, strict: true }]))).toBe("rejected untrusted");
  });

  test("the tenant only from where the source says", () => {
    const value = change({ op: "u", after: { id: 1, version: 1, owner: "t1", tenant: "evil" } });
    expect(eventOf(value, null, source({ reads, tenant: column("owner") })).tenant).toBe("t1");
    expect(eventOf(value, null, rows).tenant).toBeNull();
  });
});

describe("bad records are rejected with a reason, never thrown", () => {
  test.each([
    ["undecodable", "not json"],
    ["undecodable", '{"op":"u"'],
    ["undecodable", ""],
    ["schema_invalid", "[]"],
    ["schema_invalid", '"text"'],
    ["schema_invalid", "7"],
    ["schema_invalid", "{}"],
    ["schema_invalid", change({ op: "u", after: 5 })],
    ["schema_invalid", change({ op: "u" })],
    ["schema_invalid", change({ op: 5, after: {} })],
    ["unsupported_format", change({ op: "z", after: { id: 1, version: 1 } })],
    ["unsupported_format", "Struct{before=,after=Struct{id=1}}"],
    ["unsupported_format", "\u0000\u0000\u0000\u0000\u0001{}"],
    ["version_missing", change({ op: "u", after: { id: 1 } })],
  ])("%s: %s", (reason, value) => {
    expect(told(decode(value, null))).toBe(`rejected ${reason}`);
  });

  test("bytes that are no text, and values that are too large", () => {
    const bytes = (value: Uint8Array) => told(decodeDebezium({ ...record(), value }, [rows]));
    expect(bytes(Uint8Array.of(0x7b, 0xff))).toBe("rejected undecodable");
    expect(bytes(new Uint8Array(8 * 1024 * 1024 + 1))).toBe("rejected too_large");
    const key = Uint8Array.of(0xff);
    const tombstones = { ...rows, tombstones: "delete" as const };
    expect(told(decodeDebezium({ ...record(), key }, [tombstones]))).toBe("rejected undecodable");
  });

  test("nesting of any depth ends in an event or a rejection", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    for (const more of ["1", '"\\u0041"', "9007199254740993"]) {
      const after = `{"id":1,"version":1,"deep":${deep},"more":${more}}`;
      expect(["event", "rejected"]).toContain(decode(`{"op":"u","source":{},"after":${after}}`).kind);
    }
  });

  test("the word null is a tombstone too", () => {
    expect([told(decode("null")), told(decode('{"schema":null,"payload":null}')), told(decode(null))]).toEqual(Array(3).fill("ignored"));
    expect(told(decode("null", '{"id":1}', { ...rows, tombstones: "delete" }))).toBe("delete s/1 blind tombstone");
    expect(told(decode(null, null, { ...rows, tombstones: "delete" }))).toBe("rejected schema_invalid");
  });

  test("members named like those of every object are plain members", () => {
    const text = change({ op: "u", after: { id: 1, version: 1, note: 0 } }).replace('"note":0', '"__proto__":{"x":1},"constructor":2');
    const { data } = eventOf(text);
    expect([Object.hasOwn(data, "__proto__"), data.constructor, Reflect.get({}, "x")]).toEqual([true, 2, undefined]);
    const byName = source({ reads: { ...reads, id: [column("constructor")] } });
    expect(told(decode(change({ op: "u", after: { id: 1, version: 1 } }), null, byName))).toBe("rejected schema_invalid");
  });
});

describe("time and digits where nobody looks", () => {
  const at = (times: object) => eventOf(change({ op: "u", after: { id: 1, version: 1 }, source: { table: "p", ...times } }));

  test("the best clock there is; one that JSON cannot hold exactly only when nothing else is there", () => {
    expect([at({ ts_ms: 5, ts_us: 5001 }).timeUs, at({ ts_ms: 5 }).timeUs, at({}).timeUs]).toEqual([5001, 5000, null]);
    expect(at({ ts_ns: "1795231742730496123", ts_ms: 5 }).timeUs).toBe(1_795_231_742_730_496);
    expect([at({ ts_ms: -5 }).timeUs, at({ ts_ms: "soon" }).timeUs, at({ ts_ms: "" }).time]).toEqual([null, null, ""]);
  });

  test.each(['"n":9007199254740993', '"n":[{"deep":[9007199254740993]}]', '"n":{"x":-9007199254740993}'])(
    "%s keeps its digits",
    (member) => {
      const text = change({ op: "u", before: { id: 1, N: 0 }, after: { id: 1, version: 1 }, ts_ns: 5 }).replace('"N":0', member);
      expect(
        JSON.stringify(eventOf(text).previous, (_name, value: unknown) => (typeof value === "bigint" ? value.toString() : value)),
      ).toContain("9007199254740993");
    },
  );
});
