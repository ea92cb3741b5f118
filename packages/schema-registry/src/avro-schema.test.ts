import { describe, expect, test } from "@jest/globals";
import avsc from "avsc";
import { writeLong } from "../tests/avro-writer.js";
import { avroReader } from "./avro-schema.js";

/** What a reader makes of these bytes: the JSON text, or the reason of the rejection. */
function told(schema: unknown, bytes: Uint8Array, references: readonly unknown[] = []): string {
  const read = avroReader(
    JSON.stringify(schema),
    references.map((one) => JSON.stringify(one)),
  );
  if (typeof read !== "function") return `schema: ${read.rejection.reason}`;
  const text = read(bytes);
  return typeof text === "string" ? text : text.rejection.reason;
}

const text = (value: string): number[] => [...writeLong(Buffer.byteLength(value)), ...Buffer.from(value)];
const from = (...parts: (readonly number[])[]): Uint8Array => Uint8Array.from(parts.flat());
const record = (...fields: readonly [name: string, type: unknown][]) => ({
  type: "record",
  name: "R",
  fields: fields.map(([name, type]) => ({ name, type })),
});

describe("values as JSON text", () => {
  const longs = [0n, -1n, 63n, 64n, 2n ** 28n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)];
  test.each(longs)("the long %s keeps every digit", (value) => {
    expect(told("long", from(writeLong(value)))).toBe(String(value));
  });

  const double = (value: number) => new Uint8Array(new Float64Array([value]).buffer);
  const float = (value: number) => new Uint8Array(new Float32Array([value]).buffer);
  const cases: readonly (readonly [name: string, schema: unknown, bytes: Uint8Array, expected: string])[] = [
    ["null", "null", from(), "null"],
    ["boolean", "boolean", from([1]), "true"],
    ["int", "int", from(writeLong(-2147483648)), "-2147483648"],
    ["a double that is whole is a fraction all the same", "double", double(5), "5.0"],
    ["a large double", "double", double(1e21), "1e+21"],
    ["minus zero", "double", double(-0), "-0.0"],
    ["no number", "double", double(Number.NaN), '"NaN"'],
    ["a double past all bounds", "double", double(Number.NEGATIVE_INFINITY), '"-Infinity"'],
    ["a float is the shortest that it can be", "float", float(0.1), "0.1"],
    ["a float that is whole", "float", float(16777216), "16777216.0"],
    ["bytes", "bytes", from(writeLong(3), [0, 255, 16]), '"AP8Q"'],
    ["a text", "string", from(text('a"\u0000é😀')), JSON.stringify('a"\u0000é😀')],
    ["an enum", { type: "enum", name: "E", symbols: ["A", "B"] }, from(writeLong(1)), '"B"'],
    ["a fixed", { type: "fixed", name: "F", size: 2 }, from([1, 2]), '"AQI="'],
    [
      "a map",
      { type: "map", values: "int" },
      from(writeLong(2), text("a"), writeLong(1), text("__proto__"), writeLong(2), writeLong(0)),
      '{"a":1,"__proto__":2}',
    ],
    [
      "an array of several blocks",
      { type: "array", items: "int" },
      from(writeLong(1), writeLong(7), writeLong(-2), writeLong(2), writeLong(8), writeLong(9), writeLong(0)),
      "[7,8,9]",
    ],
    ["an array of a few items that take no bytes", { type: "array", items: "null" }, from(writeLong(3), [0]), "[null,null,null]"],
    ["an empty array", { type: "array", items: "int" }, from(writeLong(0)), "[]"],
    ["a union without a wrapper", ["null", "string", "long"], from(writeLong(2), writeLong(5)), "5"],
    ["an empty record", record(), from(), "{}"],
    [
      "a record with odd names",
      record(["__proto__", "int"], ["constructor", "string"]),
      from(writeLong(1), text("x")),
      '{"__proto__":1,"constructor":"x"}',
    ],
    [
      "a record that holds itself",
      record(["n", "int"], ["next", ["null", "R"]]),
      from(writeLong(1), writeLong(1), writeLong(2), writeLong(0)),
      '{"n":1,"next":{"n":2,"next":null}}',
    ],
  ];
  test.each(cases)("%s", (_, schema, bytes, expected) => {
    expect(told(schema, bytes)).toBe(expected);
  });
});

describe("logical types", () => {
  const logical = (type: string, logicalType: string, more: object = {}) => ({ type, logicalType, ...more });
  const decimal = (bytes: number[]) => told(logical("bytes", "decimal", { precision: 20, scale: 2 }), from(writeLong(bytes.length), bytes));
  const fixedUuid = logical("fixed", "uuid", { name: "U", size: 16 });

  test("decimals are texts with all their digits", () => {
    expect([decimal([0x07, 0xcf]), decimal([0xff]), decimal([0]), decimal([0x80, 0, 0, 0, 0, 0, 0, 0])]).toEqual([
      '"19.99"',
      '"-0.01"',
      '"0.00"',
      '"-92233720368547758.08"',
    ]);
    expect(told(logical("fixed", "decimal", { name: "D", size: 2, precision: 4 }), from([0x01, 0x00]))).toBe('"256"');
    expect(decimal([])).toBe("undecodable");
    expect(told(logical("bytes", "decimal", { precision: 20 }), from(writeLong(600), Array<number>(600).fill(1)))).toBe("undecodable");
  });

  test.each([
    [logical("long", "timestamp-millis"), 1_795_231_742_730n, '"2026-11-21T03:29:02.730Z"'],
    [logical("long", "timestamp-millis"), -1n, '"1969-12-31T23:59:59.999Z"'],
    [logical("long", "timestamp-micros"), -1n, '"1969-12-31T23:59:59.999999Z"'],
    [logical("long", "timestamp-micros"), 1_795_231_742_730_496n, '"2026-11-21T03:29:02.730496Z"'],
    [logical("long", "timestamp-nanos"), 1_795_231_742_730_496_001n, '"2026-11-21T03:29:02.730496001Z"'],
    [logical("long", "timestamp-millis"), 2n ** 62n, "4611686018427387904"],
    [logical("int", "date"), 20_778n, '"2026-11-21"'],
    [logical("int", "date"), -1n, '"1969-12-31"'],
    [logical("int", "date"), 2n ** 31n - 1n, "2147483647"],
    [logical("int", "time-millis"), 5n, "5"],
    [logical("long", "local-timestamp-millis"), 5n, "5"],
    [logical("long", "date"), 5n, "5"],
  ])("%j of %s is %s", (schema, value, expected) => {
    expect(told(schema, from(writeLong(value)))).toBe(expected);
  });

  test("a UUID is a text, of a text and of sixteen bytes", () => {
    const id = "c445fad4-bc0e-4d5b-872d-3b7b9ba77a39";
    expect(told(logical("string", "uuid"), from(text(id)))).toBe(`"${id}"`);
    expect(told(fixedUuid, Buffer.from(id.replaceAll("-", ""), "hex"))).toBe(`"${id}"`);
    expect(told(["null", logical("long", "timestamp-millis")], from(writeLong(1), writeLong(0)))).toBe('"1970-01-01T00:00:00.000Z"');
  });
});

describe("what does not fit is refused, in bounded time and memory", () => {
  const ints = { type: "array", items: "int" };
  const nulls = { type: "array", items: "null" };
  const endless = record(["self", "R"]);
  const nested = { type: "record", name: "N", fields: [{ name: "n", type: ["null", "N"] }] };
  const cases: readonly (readonly [name: string, schema: unknown, bytes: Uint8Array, expected: string])[] = [
    ["nothing at all", "int", from(), "undecodable"],
    ["bytes behind the value", "int", from(writeLong(1), [0]), "undecodable"],
    ["a number cut short", "long", from([0x80]), "undecodable"],
    ["a number of eleven bytes", "long", from(Array<number>(10).fill(0x80), [1]), "undecodable"],
    ["a number of 70 bits", "long", from(Array<number>(9).fill(0xff), [0x7f]), "undecodable"],
    ["an int of 33 bits", "int", from(writeLong(2147483648)), "undecodable"],
    ["a boolean of two", "boolean", from([2]), "undecodable"],
    ["a text longer than the value", "string", from(writeLong(2n ** 40n), [65]), "undecodable"],
    ["a text of a negative length", "string", from(writeLong(-5)), "undecodable"],
    ["a text that is not UTF-8", "string", from(writeLong(1), [0xff]), "undecodable"],
    ["a branch that is not there", ["null", "int"], from(writeLong(2)), "undecodable"],
    ["a branch before the first", ["null", "int"], from(writeLong(-1)), "undecodable"],
    ["a symbol that is not there", { type: "enum", name: "E", symbols: ["A"] }, from(writeLong(1)), "undecodable"],
    ["an array of more items than bytes", ints, from(writeLong(2n ** 50n), writeLong(1)), "undecodable"],
    ["an array of 2^62 items", ints, from(writeLong(2n ** 62n)), "undecodable"],
    ["an array without an end", ints, from(writeLong(1), writeLong(1)), "undecodable"],
    ["an array of 2^50 items that take no bytes", nulls, from(writeLong(2n ** 50n)), "undecodable"],
    [
      "a text that grows past the limit in JSON",
      "string",
      Buffer.concat([from(writeLong(5_000_000)), Buffer.alloc(5_000_000, '"')]),
      "too_large",
    ],
    ["many arrays of a few hundred such items", nulls, from(...Array<number[]>(10).fill(writeLong(400)), [0]), "undecodable"],
    ["a map of 2^50 items", { type: "map", values: "null" }, from(writeLong(2n ** 50n)), "undecodable"],
    ["a record that is always in itself", endless, from(), "too_large"],
    ["a record a hundred thousand deep", nested, from(Array<number>(100_000).fill(2), [0]), "too_large"],
    ["a fixed of a gigabyte", { type: "fixed", name: "F", size: 2 ** 30 }, from([1]), "undecodable"],
  ];
  test.each(cases)("%s", (_, schema, bytes, expected) => {
    expect(told(schema, bytes)).toBe(expected);
  });

  test.each([
    ["no JSON", "{"],
    ["a name that nobody defined", '"Nobody"'],
    ["no fields", '{"type":"record","name":"R"}'],
    ["a name with code in it", '{"type":"record","name":"R","fields":[{"name":"a=1;b","type":"int"}]}'],
    ["nested without an end", '{"type":"array","items":'.repeat(100_000)],
    ["null", "null"],
  ])("a schema that is %s", (_, schema) => {
    expect(avroReader(schema, [])).toMatchObject({ kind: "rejected", rejection: { reason: "unsupported_format" } });
  });

  test("defaults, documentation and aliases that avsc would refuse do not matter to a reader", () => {
    const field = { name: "a", type: "int", default: "not an int", doc: 5, aliases: [7], order: "sideways" };
    expect(told({ type: "record", name: "R", fields: [field] }, from(writeLong(4)))).toBe('{"a":4}');
  });
});

test("names come from the schemas that it refers to", () => {
  const money = { type: "record", name: "Money", namespace: "shop", fields: [{ name: "cents", type: "long" }] };
  const price = { type: "record", name: "shop.Price", fields: [{ name: "money", type: "shop.Money" }] };
  const product = {
    type: "record",
    name: "P",
    namespace: "shop",
    fields: [
      { name: "price", type: "Price" },
      { name: "was", type: ["null", "Money"] },
    ],
  };
  expect(told(product, from(writeLong(5), writeLong(1), writeLong(7)), [money, price])).toBe(
    '{"price":{"money":{"cents":5}},"was":{"cents":7}}',
  );
  expect(told(product, from(writeLong(5)), [money])).toBe("schema: unsupported_format");
});

test("what avsc writes is read", () => {
  const schema = {
    type: "record",
    name: "Row",
    fields: [
      { name: "id", type: "long" },
      { name: "name", type: ["null", "string"] },
      { name: "tags", type: { type: "array", items: "string" } },
      { name: "by", type: { type: "map", values: { type: "map", values: "double" } } },
    ],
  } satisfies avsc.Schema;
  const bytes = avsc.Type.forSchema(schema).toBuffer({ id: 7, name: "é", tags: ["a", "b"], by: { x: { y: 1.5 } } });
  expect(told(schema, bytes)).toBe('{"id":7,"name":"é","tags":["a","b"],"by":{"x":{"y":1.5}}}');
});
