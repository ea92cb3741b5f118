import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { patternsMeet, typeMatcher } from "./pattern.js";

const pattern = fc.array(fc.constantFrom("a", "b", ".", "*"), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
const type = fc.array(fc.constantFrom("a", "b", "."), { maxLength: 8 }).map((parts) => parts.join(""));

function asRegExp(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
}

test("patterns match as regular expressions with .* would", () => {
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 3 }), type, (patterns, text) =>
      expect(typeMatcher(patterns)(text)).toBe(patterns.some((one) => asRegExp(one).test(text))),
    ),
    { numRuns: 5000 },
  );
});

test("two patterns meet when some type matches both", () => {
  const types = [""];
  for (let at = 0; types.length < 1093; at++) for (const letter of ["a", "b", "."]) types.push((types[at] ?? "") + letter);
  fc.assert(
    fc.property(pattern, pattern, (a, b) => {
      const common = types.some((text) => asRegExp(a).test(text) && asRegExp(b).test(text));
      if (common) expect(patternsMeet(a, b)).toBe(true);
      // Types of up to six letters are all there are to try for patterns this short.
      if (a.length + b.length <= 6) expect(patternsMeet(a, b)).toBe(common);
    }),
    { numRuns: 1000 },
  );
});

test("a pattern made to be slow is not", () => {
  expect(typeMatcher([`${"*a".repeat(100)}*b`])("a".repeat(50_000))).toBe(false);
  expect(patternsMeet("*a".repeat(200), "*b".repeat(200))).toBe(false);
});
