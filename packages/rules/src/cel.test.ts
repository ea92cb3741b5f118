import type { JsonObject } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { event } from "../tests/fixtures.js";
import { compile, type Program } from "./cel.js";
import { Scope } from "./scope.js";

function program(text: string, item = false): Program {
  const compiled = compile(text, { item });
  if ("problem" in compiled) throw new Error(compiled.problem);
  return compiled;
}

/** The value, or the words of the failure. */
function evaluate(text: string, data: JsonObject = {}, previous: JsonObject = {}): unknown {
  try {
    return program(text).evaluate(new Scope(event({ data, previous })));
  } catch (error) {
    return error instanceof Error ? `failed: ${error.message}` : error;
  }
}

describe("numbers", () => {
  test.each<[string, JsonObject, unknown]>([
    ["data.n == 5", { n: 5 }, true],
    ["data.n == 5.0", { n: 5 }, true],
    ["5.0 == data.n", { n: 5 }, true],
    ["data.n == 5", { n: 5.5 }, false],
    ["data.n != 5", { n: 5.5 }, true],
    ["data.n > 5", { n: 5.5 }, true],
    ["data.n > 5", { n: 5 }, false],
    ["data.n >= 5.0", { n: 5 }, true],
    ["data.n < 5.5", { n: 5 }, true],
    ["data.a != data.b", { a: 5, b: 5.5 }, true],
    ["data.a == data.b", { a: 0, b: -0 }, true],
    ["data.a < data.b", { a: 5, b: 5.5 }, true],
    ["data.a < data.b", { a: 5.5, b: 6 }, true],
    ["data.n + 1", { n: 5 }, 6n],
    ["data.n + 1", { n: 5.5 }, 6.5],
    ["data.n - 1.5", { n: 5 }, 3.5],
    ["1.5 + 1", {}, 2.5],
    ["1 + 1.5", {}, 2.5],
    ["2 * 1.5", {}, 3],
    ["1 / 2.0", {}, 0.5],
    ["data.n / 2", { n: 5 }, 2n],
    ["data.n % 2", { n: 5 }, 1n],
    ["data.n * data.n", { n: 94906267 }, 9007199515875289n],
    ["-data.n", { n: 5 }, -5n],
    ["data.n in [1, 2, 5]", { n: 5 }, true],
    ["data.n in [1.0, 5.0]", { n: 5 }, true],
    ["data.list == [1, 2]", { list: [1, 2.0] }, true],
    ["data.list == [1, 2]", { list: [1, 2.5] }, false],
    ["int(data.s) + 1", { s: "41" }, 42n],
    ["double(data.n) / 2.0", { n: 5 }, 2.5],
    ["string(data.n)", { n: 5 }, "5"],
    ["data.n == 'x'", { n: 5 }, false],
    ["data.n == null", { n: null }, true],
    ["data.n != null", { n: 5 }, true],
  ])("%s of %j is %s", (text, data, wanted) => {
    expect(evaluate(text, data)).toEqual(wanted);
  });

  test("past 2^53 keep every digit", () => {
    const data = { a: 9007199254740993n, b: 9007199254740992n, small: 5 };
    expect(evaluate("data.a == data.b", data)).toBe(false);
    expect(evaluate("data.a > data.b", data)).toBe(true);
    expect(evaluate("data.a > data.small", data)).toBe(true);
    expect(evaluate("data.a == 9007199254740993", data)).toBe(true);
    expect(evaluate("data.a > 9007199254740992.0", data)).toBe(true);
    expect(evaluate("string(data.a)", data)).toBe("9007199254740993");
    expect(evaluate("data.a - data.b", data)).toBe(1n);
  });

  test("integers of 20 digits compare; sums past 64 bits fail", () => {
    const data = { a: 18446744073709551615n };
    expect(evaluate("data.a > 9223372036854775807", data)).toBe(true);
    expect(evaluate("data.a + 1", data)).toBe("failed: `data.a + 1` is too large for an integer");
  });
});

describe("fields", () => {
  test("has() asks before reading", () => {
    expect(evaluate("has(data.x)", {})).toBe(false);
    expect(evaluate("has(data.x)", { x: null })).toBe(true);
    expect(evaluate("has(data.a.b)", { a: { b: 1 } })).toBe(true);
    expect(evaluate("has(data.a.b)", { a: {} })).toBe(false);
    expect(evaluate("has(data.a) && has(data.a.b)", {})).toBe(false);
    expect(evaluate("has(data.a.b)", {})).toBe("failed: there is no field `a`");
  });

  test("a missing field is a failure that names the field", () => {
    expect(evaluate("data.price > 5", {})).toBe("failed: there is no field `price`");
    expect(evaluate("data.price", {})).toBe("failed: there is no field `price`");
    expect(evaluate("data.a.b", { a: "text" })).toBe("failed: there is no field `b`");
    expect(evaluate("data.a.b", { a: null })).toBe("failed: there is no field `b`");
    expect(evaluate("data.a.b", { a: [1] })).toBe("failed: there is no field `b`");
    expect(evaluate('data["a b"] == 1', {})).toBe('failed: `data["a b"]` has no such key');
    expect(evaluate('data["a b"] == 1', { "a b": 1 })).toBe(true);
  });

  test("only own properties are fields", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(evaluate(`data.${name}`)).toBe(`failed: there is no field \`${name}\``);
      expect(evaluate(`data.${name} == 1`)).toBe(`failed: there is no field \`${name}\``);
      expect(evaluate(`has(data.${name})`)).toBe(false);
    }
    expect(evaluate('data.constructor == "Ferrari" && data.a.constructor == 1', { constructor: "Ferrari", a: { constructor: 1 } })).toBe(
      true,
    );
    expect(evaluate("data.__proto__ == 1", JSON.parse('{ "__proto__": 1 }'))).toBe(true);
    expect(evaluate("data.all.exists(x, x.constructor == 1)", { all: [{ constructor: 1 }] })).toBe(true);
  });

  test("maps and lists compare and are walked", () => {
    const data = { tags: ["a", "b"], map: { x: 1, y: [1, { z: 2 }] } };
    expect(evaluate('"a" in data.tags', data)).toBe(true);
    expect(evaluate('"x" in data.map', data)).toBe(true);
    expect(evaluate('"q" in data.map', data)).toBe(false);
    expect(evaluate("data.map == previous.map", data, structuredClone(data))).toBe(true);
    expect(evaluate("data == previous", data, structuredClone(data))).toBe(true);
    expect(evaluate("data.map == previous.map", data, { map: { x: 1, y: [1, { z: 3 }] } })).toBe(false);
    expect(evaluate('data.map == {"x": 1, "y": [1, {"z": 2}]}', data)).toBe(true);
    expect(evaluate("size(data.map) + size(data.tags)", data)).toBe(4n);
    expect(evaluate("data.map.all(k, k in ['x', 'y'])", data)).toBe(true);
    expect(evaluate("data.tags.map(t, t + '!')", data)).toEqual(["a!", "b!"]);
    expect(evaluate("data.tags[1]", data)).toBe("b");
    expect(evaluate("data.tags[2]", data)).toBe("failed: `data.tags[2]` is outside the list");
  });
});

describe("variables", () => {
  const over = { type: "t.x", tenant: null, time: "2020-01-01T00:00:00Z", headers: { "x-y": "z" } } as const;
  test.each([
    ["subject", "42"],
    ["space", "catalog.product"],
    ["version", "7"],
    ["op", "update"],
    ["type", "t.x"],
    ["type + '!'", "t.x!"],
    ["source", "products"],
    ["time", "2020-01-01T00:00:00Z"],
    ["tenant", null],
    ["tenant == 'a'", false],
    ["headers['x-y']", "z"],
    ["[1].exists(type, type == 1)", true],
    ["type.startsWith('t.') && data.type == 'type'", true],
  ])("%s", (text, wanted) => {
    expect(program(text).evaluate(new Scope(event({ ...over, data: { type: "type" } })))).toEqual(wanted);
  });

  test("the version of a blind event is not there", () => {
    const scope = new Scope(event({ version: null }));
    expect(() => program("version").evaluate(scope)).toThrow("`version` is not there");
    expect(() => program("version == '1'").evaluate(scope)).toThrow("`version` is not there");
  });
});

describe("what is refused", () => {
  test.each([
    ["data.price >", "expression_syntax", 12],
    ["nothing == 1", "unknown_variable", 0],
    ["data.a && matches(subject, 'x')", "expression_type", 10],
    ["data.a && subject.matches('(a+)+$')", "expression_refused", 10],
    ["data.a && duration(data.s) > duration('1s')", "expression_refused", 10],
    ["bytes(data.a).json().b == 1", "expression_refused", 0],
    ["duration('1m') > duration('1s')", "bool", undefined],
    ["subject > 5", "expression_type", 0],
    ["nosuch(1)", "expression_type", 0],
    [`${"(".repeat(100)}1${")".repeat(100)}`, "expression_size", 32],
    [`1${" + 1".repeat(600)}`, "expression_size", 0],
    ["1".repeat(5000), "expression_size", 0],
    ["", "expression_syntax", 0],
    ["99999999999999999999999999 == 1 && ünknown", "expression_syntax", 35],
  ])("%.40s", (text, code, offset) => {
    const compiled = compile(text, { item: false });
    expect("problem" in compiled ? [compiled.code, compiled.offset] : [compiled.type, undefined]).toEqual([code, offset]);
  });

  test("failures never quote the record", () => {
    const secrets = { s: "hunter2", n: 4242 };
    for (const text of [
      "bool(data.s)",
      "data[data.s]",
      "data.n > data.s",
      "timestamp(data.s)",
      "data.s ? 1 : 2",
      "data.s && true",
      "int(data.s)",
    ]) {
      const told = String(evaluate(text, secrets));
      expect(told).toContain("failed: ");
      expect(told).not.toMatch(/hunter2|4242/);
    }
  });
});
