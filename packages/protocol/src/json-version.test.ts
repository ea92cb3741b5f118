import { describe, expect, test } from "@jest/globals";
import { jsonVersion } from "./json-version.js";

describe("the version of a JSON text", () => {
  test.each([
    ['{"version":"5"}', "5"],
    ['{"version":5}', "5"],
    ['{"version":9007199254740993}', "9007199254740993"],
    ['{"version":99999999999999999999}', "99999999999999999999"],
    [' \t\r\n{ "version"\n: "5" } \n', "5"],
    ['{"a":1,"version":"5","b":null}', "5"],
    ['{"a":{"version":"1"},"version":"5"}', "5"],
    ['{"a":[{"version":"1"},[]],"version":"5"}', "5"],
    ['{"a":"\\"version\\":\\"1\\"","version":"5"}', "5"],
    ['{"a":"\\\\","version":"5"}', "5"],
    ['{"a":"}]{[","version":"5"}', "5"],
    ['{"a":{"b":"}"},"version":"5"}', "5"],
    [`{"a":"${"x".repeat(100_000)}","version":"5"}`, "5"],
    ['{"version":"1","version":"5"}', "5"],
    ['{"a":-1.5e+9,"version":5}', "5"],
  ])("%#: is read", (text, version) => {
    expect(jsonVersion(text, "version")).toBe(version);
  });

  test.each([
    ["no text", ""],
    ["no object", '["version","5"]'],
    ["an empty object", "{}"],
    ["no such member", '{"versions":"5"}'],
    ["only a nested one", '{"a":{"version":"5"}}'],
    ["cut short", '{"version":"5"'],
    ["cut short in a string", '{"version":"5","a":"x'],
    ["cut short after an escape", '{"version":"5","a":"x\\'],
    ["more behind it", '{"version":"5"}{}'],
    ["a byte order mark", '\uFEFF{"version":"5"}'],
    ["a comma too many", '{"version":"5",}'],
    ["no comma", '{"version":"5" "a":1}'],
    ["no colon", '{"version" "5"}'],
    ["no value", '{"version":}'],
    ["a bare name", "{version:5}"],
    ["brackets that do not match", '{"a":[},"version":"5"}'],
    ["a fraction", '{"version":5.0}'],
    ["an exponent", '{"version":5e1}'],
    ["a sign", '{"version":-5}'],
    ["leading zeros", '{"version":"05"}'],
    ["21 digits", '{"version":123456789012345678901}'],
    ["an escape in the digits", '{"version":"\\u0035"}'],
    ["null", '{"version":null}'],
    ["a list", '{"version":["5"]}'],
    ["last of two is none", '{"version":"5","version":"x"}'],
  ])("cannot be read: %s", (_what, text) => {
    expect(jsonVersion(text, "version")).toBeNull();
  });

  test("a deep text is read without recursion", () => {
    const depth = 200_000;
    expect(jsonVersion(`{"a":${"[".repeat(depth)}${"]".repeat(depth)},"version":"5"}`, "version")).toBe("5");
    expect(jsonVersion(`{"version":"5","a":${"[".repeat(depth)}`, "version")).toBeNull();
  });

  test("of a text that JSON.parse takes, the same member is read", () => {
    for (const value of ["5", 7, "x", null, { version: "9" }, ["5"], true, 1.5, "007"]) {
      const text = JSON.stringify({ a: { version: 3 }, 'q"\\': '\\"{', version: value, z: [value] }, null, 1);
      const parsed = String((JSON.parse(text) as { version: unknown }).version);
      const due = (typeof value === "string" || typeof value === "number") && /^(0|[1-9]\d{0,19})$/.test(parsed) ? parsed : null;
      expect(jsonVersion(text, "version")).toBe(due);
    }
  });
});
