import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { isAmbiguous } from "./overlap.js";
import { parseTemplate, renderer, type Template } from "./template.js";

const templates = ["p:{a}", "{a}:{b}", "l:{a}:{b}:{c}", "{a},{b}", "{{{a}}}x{{{b}}}", "{a} {b}%:{c}"].map((text) => {
  const template = parseTemplate(text, "percent");
  if ("problem" in template) throw new Error(template.problem);
  return template;
});

const value = fc.string({
  unit: fc.constantFrom("a", "b", "1", ":", ",", "{", "}", "%", "2", "5", "3", "A", "C", " ", "\u0000", "\u0085", "é", "😀"),
  minLength: 1,
  maxLength: 4,
});

test("different parameters never make the same key (10^5 random lists)", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(fc.nat(templates.length - 1), fc.array(value, { minLength: 3, maxLength: 3 }), (which, values) => {
      const template = templates[which] as Template;
      const used = values.slice(0, template.parameters.length);
      const key = renderer(template)(used);
      const made = `${which} ${key}`;
      const from = JSON.stringify(used);
      expect(seen.get(made) ?? from).toBe(from);
      seen.set(made, from);
    }),
    { numRuns: 100_000 },
  );
  expect(seen.size).toBeGreaterThan(20_000);
}, 360_000);

test("none of these templates is called ambiguous", () => {
  expect(templates.filter(isAmbiguous)).toEqual([]);
});
