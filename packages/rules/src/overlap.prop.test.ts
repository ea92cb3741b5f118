import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { canMakeSameKey, isAmbiguous } from "./overlap.js";
import { type Escape, parseTemplate, renderer, type Template } from "./template.js";

function template(text: string, escaping: Escape = "percent"): Template {
  const parsed = parseTemplate(text, escaping);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed;
}

describe("two templates", () => {
  test.each<[string, Escape, string, Escape, boolean]>([
    ["product:{id}", "percent", "product:{x}", "percent", true],
    ["product:{id}", "percent", "products:{x}", "percent", false],
    ["product:{id}", "percent", "product:{x}:{y}", "percent", false],
    ["product:{id}", "none", "product:{x}:{y}", "percent", true],
    ["product:{id}", "percent", "product:", "percent", false],
    ["a{x}", "percent", "{x}b", "percent", true],
    ["a:{x}", "percent", "{x}:b", "percent", true],
    ["a:{x}:c", "percent", "{x}:b", "percent", false],
    ["a:{x}:c", "none", "{x}:b", "percent", false],
    ["a:{x}:c", "percent", "{x}:b", "none", false],
    ["a:{x}:c", "percent", "{x}c", "none", true],
    ["x%{a}", "percent", "{b}", "percent", true],
    ["x%G{a}", "percent", "{b}", "percent", false],
    ["x%3Ay", "percent", "{b}", "percent", true],
    ["x%3ay", "percent", "{b}", "percent", false],
    ["x%41y", "percent", "{b}", "percent", false],
    ["x%C2%85", "percent", "{b}", "percent", true],
    ["x%C2%A5", "percent", "{b}", "percent", false],
    ["{{{a}}}", "percent", "{b}", "percent", false],
    ["{{{a}}}", "percent", "{b}", "none", true],
    ["all", "percent", "all", "percent", true],
  ])("%s (%s) and %s (%s): %s", (...[a, escapingA, b, escapingB, same]) => {
    expect(canMakeSameKey(template(a, escapingA), template(b, escapingB))).toBe(same);
    expect(canMakeSameKey(template(b, escapingB), template(a, escapingA))).toBe(same);
  });
});

describe("one template", () => {
  test.each([
    ["{a}:{b}", false],
    ["{a}-{b}", true],
    ["{a}{b}", true],
    ["{a}x:y{b}", false],
    ["{a}%{b}", true],
    ["{a}%G{b}", false],
    ["{a}", false],
    ["all", false],
  ])("%s: %s", (text, ambiguous) => {
    expect(isAmbiguous(template(text))).toBe(ambiguous);
  });
});

/** Every value of up to two units over a small alphabet in which all that matters occurs. */
const units = ["a", "b", "%", "-", "2", "5", "3", "A", ":"];
const values = [...units, ...units.flatMap((first) => units.map((second) => first + second))];

function keysOf(made: Template): Map<string, Set<string>> {
  const keys = new Map<string, Set<string>>();
  const lists = made.parameters.reduce<string[][]>((all, _) => all.flatMap((list) => values.map((value) => [...list, value])), [[]]);
  for (const list of lists) {
    const key = renderer(made)(list) ?? "";
    keys.set(key, (keys.get(key) ?? new Set()).add(list.join("\n")));
  }
  return keys;
}

const piece = fc.constantFrom("a", "b", ":", "%", "-", "%3A", "{{", "2", "");
const small = fc
  .tuple(piece, fc.constantFrom("{x}", ""), piece, fc.constantFrom("{y}", ""), piece)
  .map((parts) => parts.join(""))
  .filter((text) => text !== "");
const escaping = fc.constantFrom<Escape>("percent", "none");

test("whenever two templates are seen to make the same key, they are said to", () => {
  fc.assert(
    fc.property(small, escaping, small, escaping, (...[a, escapingA, b, escapingB]) => {
      const [first, second] = [template(a, escapingA), template(b, escapingB)];
      const keys = keysOf(second);
      const meet = [...keysOf(first).keys()].some((key) => keys.has(key));
      if (meet) expect(canMakeSameKey(first, second)).toBe(true);
      // With one short parameter in all, the values above are all that is needed.
      const isSmall = first.parameters.length + second.parameters.length <= 1 && a.length + b.length <= 6;
      if (isSmall && !meet) expect(canMakeSameKey(first, second)).toBe(wouldNeedLonger(first, second));
    }),
    { numRuns: 300 },
  );
});

/** A parameter that has to stand for more than two units is beyond the values above. */
function wouldNeedLonger(a: Template, b: Template): boolean {
  const [fixed, open] = a.parameters.length === 0 ? [a, b] : [b, a];
  if (open.parameters.length === 0) return false;
  const key = renderer(fixed)([]) ?? "";
  const literal = open.parts.map((part) => ("literal" in part ? part.literal : "\u0000")).join("");
  const [before = "", after = ""] = literal.split("\u0000");
  const middle = key.slice(before.length, key.length - after.length);
  if (!key.startsWith(before) || !key.endsWith(after) || key.length <= before.length + after.length) return false;
  return open.escape === "none" ? true : /^([^%:,{} ]|%25|%3A)+$/.test(middle);
}

test("whenever different parameters are seen to make the same key, the template is said to be ambiguous", () => {
  fc.assert(
    fc.property(small, (text) => {
      const made = template(text);
      const clash = [...keysOf(made).values()].some((lists) => lists.size > 1);
      if (clash) expect(isAmbiguous(made)).toBe(true);
    }),
    { numRuns: 150 },
  );
});
