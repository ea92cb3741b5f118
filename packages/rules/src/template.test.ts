import { describe, expect, test } from "@jest/globals";
import { type Escape, keyMatcher, keyReader, parseTemplate, renderer } from "./template.js";

function render(text: string, values: readonly string[], escaping: Escape = "percent"): string | null {
  const template = parseTemplate(text, escaping);
  if ("problem" in template) throw new Error(template.problem);
  return renderer(template)(values);
}

describe("templates", () => {
  test.each([
    ["product:{id}", ["42"], "product:42"],
    ["{a}:{b}:{a}", ["1", "2"], "1:2:1"],
    ["{{u{id}}}:cart", ["7"], "{u7}:cart"],
    ["{{{id}}}", ["7"], "{7}"],
    ["{{id}}", [], "{id}"],
    ["all", [], "all"],
    ["p:{id}", ["a:b,c{d}e%f g"], "p:a%3Ab%2Cc%7Bd%7De%25f%20g"],
    ["p:{id}", ["\u0000\n\u001f\u007f\u0080\u009f"], "p:%00%0A%1F%7F%C2%80%C2%9F"],
    ["p:{id}", ["\u00a0é😀-_.~/"], "p:\u00a0é😀-_.~/"],
  ])("%s of %j", (text, values, key) => {
    expect(render(text, values)).toBe(key);
  });

  test("without escaping, values stay as they are", () => {
    expect(render("p:{id}", ["a:b %{}"], "none")).toBe("p:a:b %{}");
  });

  test("512 bytes are allowed, 513 are not, counted in UTF-8 after escaping", () => {
    expect(render("p:{id}", ["x".repeat(510)])).not.toBeNull();
    expect(render("p:{id}", ["x".repeat(511)])).toBeNull();
    expect(render("p:{id}", ["é".repeat(255)])).not.toBeNull();
    expect(render("p:{id}", [`${"é".repeat(255)}x`])).toBeNull();
    expect(render("p:{id}", ["😀".repeat(127)])).not.toBeNull();
    expect(render("p:{id}", [":".repeat(170)])).not.toBeNull();
    expect(render("p:{id}", [":".repeat(171)])).toBeNull();
  });

  test("lone surrogates are refused, also where two of them would meet", () => {
    expect(render("p:{id}", ["\ud83d"])).toBeNull();
    expect(render("{a}{b}", ["\ud83d", "\ude00"])).toBeNull();
  });

  test.each([
    ["a}", 1],
    ["{", 0],
    ["p:{}", 2],
    ["p:{a b}", 2],
    ["p:{id", 2],
    ["{a}}b", 3],
    ["\ud83d", 0],
  ])("%s cannot be read", (text, offset) => {
    const template = parseTemplate(text, "percent");
    expect("offset" in template ? template.offset : template.parts).toBe(offset);
  });

  test("escaping agrees with encodeURIComponent on what it escapes", () => {
    for (let code = 0; code < 0x100; code++) {
      const character = String.fromCharCode(code);
      const escaped = render("{id}", [character]);
      expect([character, encodeURIComponent(character)]).toContain(escaped);
      expect(escaped !== character).toBe(code <= 0x20 || (code >= 0x7f && code <= 0x9f) || "%:,{}".includes(character));
    }
  });
});

test.each([
  ["page:{id}", "percent", "page:42", true],
  ["page:{id}", "percent", "page:a%3Ab", true],
  ["page:{id}", "percent", "page:a:b", false],
  ["page:{id}", "percent", "page:", false],
  ["page:{id}", "percent", "xpage:42", false],
  ["page:{id}", "none", "page:a:b", true],
  ["{{u{id}}}.cart", "percent", "{u7}.cart", true],
  ["{{u{id}}}.cart", "percent", "{u7}xcart", false],
] as const)("%s with escape %s and the key %s: %s", (text, escaping, key, makes) => {
  const template = parseTemplate(text, escaping);
  if ("problem" in template) throw new Error(template.problem);
  expect(keyMatcher(template)(key)).toBe(makes);
});

test.each([
  ["cart:{id}", "percent", "cart:a%3Ab", [["a:b"]]],
  ["{{u{id}}}:cart:{n}", "percent", "{u7}:cart:9", [["7", "9"]]],
  ["{a}:{a}:{b}", "percent", "1:1:2", [["1", "2"]]],
  ["{a}:{a}:{b}", "percent", "1:3:2", []],
  [
    "{a}{b}",
    "percent",
    "123",
    [
      ["12", "3"],
      ["1", "23"],
    ],
  ],
  [
    "p:{a}:{b}",
    "none",
    "p:1:2:3",
    [
      ["1:2", "3"],
      ["1", "2:3"],
    ],
  ],
  ["p:{a}", "none", "p:%41", [["%41"]]],
  ["p:{a}", "percent", "p:%FF", []],
  ["p:{a}", "percent", "q:1", []],
] as const)("what %s with escape %s can have been made of for the key %s: %j", (text, escaping, key, readings) => {
  const template = parseTemplate(text, escaping);
  if ("problem" in template) throw new Error(template.problem);
  expect(keyReader(template)(key)).toEqual(readings);
});
