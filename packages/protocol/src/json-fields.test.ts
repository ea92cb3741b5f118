import { describe, expect, test } from "@jest/globals";
import { JsonFields } from "./json-fields.js";

const encoder = new TextEncoder();

function read(text: string | Uint8Array, ...path: string[]) {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  const fields = new JsonFields();
  const slot = fields.slotOf(path);
  return { isTaken: fields.read({ bytes, start: 0, end: bytes.length }), value: () => fields.value(slot), text: () => fields.text(slot) };
}

describe("what is left to the whole parse", () => {
  test.each<[string, string | Uint8Array, ...string[]]>([
    ["no object", "[1]"],
    ["a byte order mark", '\ufeff{"a":1}'],
    ["a name twice that is asked for", '{"a":1,"a":2}'],
    ["a way that exists twice", '{"b":{"c":1},"b":{"c":2}}', "b", "c"],
    ["an escape in a name", '{"\\u0061":1}'],
    ["a list on the way", '{"b":[{"c":1}]}', "b", "c"],
    ["an abyss", `{"a":${"[".repeat(100)}${"]".repeat(100)}}`],
    ["a lone continuation byte", Uint8Array.of(0x7b, 0x22, 0x62, 0x22, 0x3a, 0x22, 0x80, 0x22, 0x7d)],
    ["an overlong NUL", Uint8Array.of(0x7b, 0x22, 0x62, 0x22, 0x3a, 0x22, 0xc0, 0x80, 0x22, 0x7d)],
    ["a NUL", '{"b":"\u0000"}'],
    ["a line break in a text", '{"b":"\n"}'],
    ["a comma too many", '{"a":1,}'],
    ["a leading zero", '{"a":01}'],
    ["a bare fraction", '{"a":.5}'],
    ["a fraction without digits", '{"a":1.}'],
    ["an exponent without digits", '{"a":1e}'],
    ["a plus sign", '{"a":+1}'],
    ["a word of JavaScript", '{"a":NaN}'],
    ["a short escape", '{"a":"\\u12"}'],
    ["more behind it", '{"a":1}}'],
    ["no end", '{"a":1'],
    ["nothing", ""],
  ])("%s", (_what, text, ...path) => {
    expect(read(text, ...(path.length === 0 ? ["a"] : path)).isTaken).toBe(false);
  });
});

describe("values", () => {
  test.each([
    ['{"a":9007199254740993}', 9007199254740993n],
    ['{"a":-9007199254740993}', -9007199254740993n],
    ['{"a":-0}', -0],
    ['{"a":1e3}', 1000],
    ['{"a":999999999999999}', 999999999999999],
    ['{"a":"\\ud800"}', "\ud800"],
    ['{"a":"\\ud83d\\ude00ü"}', "😀ü"],
    ['{"a":{"__proto__":1}}', JSON.parse('{"__proto__":1}')],
    ['{"a":null}', null],
    ['{"b":1}', undefined],
    ["{}", undefined],
  ])("%s", (text, value) => {
    const { isTaken, value: given } = read(text, "a");
    expect(isTaken).toBe(true);
    expect(given()).toStrictEqual(value);
  });

  test("texts that come by turns, at any length", () => {
    const fields = new JsonFields();
    const slot = fields.slotOf(["a"]);
    const texts = ["", "a", "b", "a", "ab", "ba", "x".repeat(12), "y".repeat(13), "x".repeat(12), "z".repeat(65), "a", "", "~ }"];
    const given = texts.map((text) => {
      const bytes = Buffer.from(`{"a":${JSON.stringify(text)}}`);
      return fields.read({ bytes, start: 0, end: bytes.length }) ? fields.text(slot) : null;
    });
    expect(given).toEqual(texts);
  });

  test("a number as it is written", () => {
    expect(read('{"a": 1E3 }', "a").text()).toBe("1E3");
    expect(read('{"a":true}', "a").text()).toBeNull();
  });

  test("a name that cannot stand in a text as it is has no place", () => {
    for (const name of ['a"b', "a\\b", "\n", "\ud800"]) expect(new JsonFields().slotOf([name])).toBe(-1);
  });

  test("paths beyond the limit have no place, and what was there keeps its own", () => {
    const fields = new JsonFields();
    const slots = Array.from({ length: 300 }, (_, at) => fields.slotOf([`n${at}`]));
    expect(slots.filter((slot) => slot >= 0)).toHaveLength(256);
    expect(fields.slotOf(["n7"])).toBe(7);
  });
});
