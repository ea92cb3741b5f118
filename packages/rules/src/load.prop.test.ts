import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parse } from "yaml";
import { fixture, rulesOf } from "../tests/fixtures.js";
import { loadRules } from "./load.js";
import { runRuleTests } from "./rule-tests.js";
import { rulesFileSchema } from "./schema.js";

const sample = fixture("sample.yaml");
const pieces = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "'",
  '"',
  "#",
  "&a ",
  "*a",
  "!x ",
  "|",
  ">",
  "- ",
  "\n",
  "\n\n",
  "  ",
  "\t",
  "?",
  "%",
  "@",
  "`",
  "null",
  "true",
  "-1",
  "1e999",
  ".nan",
  "0x10",
  "é",
  "\u0000",
  "\ud800",
  "\r",
  "---\n",
  "...",
  "<<: *a",
  "__proto__: 1",
  "constructor",
  "{{",
  "data.x",
  "item",
  "99999999999999999999",
  "24h",
  "truncate",
  "soft",
  "opaque",
];

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(sample.length),
  remove: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(60)),
  insert: fc.oneof(
    fc.constant(""),
    fc.constantFrom(...pieces),
    fc.string({ maxLength: 4 }),
    fc.nat(sample.length - 40).map((from) => sample.slice(from, from + 40)),
  ),
});

function apply(text: string, { at, remove, insert }: Edit): string {
  const from = Math.min(at, text.length);
  return text.slice(0, from) + insert + text.slice(from + remove);
}

/** Never throws; either rules or findings; every finding says where, what and how. */
function check(text: string): boolean {
  const { rules, findings } = loadRules(text);
  expect(rules === null).toBe(findings.length > 0);
  const lines = text.split("\n");
  for (const { line, column, code, problem, fix } of findings) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
    expect(code).toMatch(/^[a-z_]+$/);
    expect(problem.length * fix.length).toBeGreaterThan(0);
  }
  if (rules !== null) expect(rulesFileSchema.safeParse(parse(text)).success).toBe(true);
  return rules !== null;
}

test("a changed sample never throws", () => {
  let loaded = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      if (check(edits.reduce(apply, sample))) loaded += 1;
    }),
    { numRuns: 600 },
  );
  expect(loaded).toBeGreaterThan(20);
});

test("any text never throws", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 80 }),
        fc.array(fc.constantFrom(...pieces, "rules", "a"), { maxLength: 30 }).map((parts) => parts.join("")),
      ),
      (text) => void check(text),
    ),
    { numRuns: 600 },
  );
});

test("unlucky texts end soon", () => {
  const bomb = `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`).join("\n")}`;
  const deep = `freshet: ${"[".repeat(50_000)}`;
  const flat = `families:\n${Array.from({ length: 5000 }, (_, at) => `  f${at}: 1`).join("\n")}`;
  for (const text of [bomb, deep, flat, "&a [*a]", "a: &a { b: *a }", "x".repeat(2_000_000), `${"a: {".repeat(2000)}`]) check(text);
});

test("test files never throw either", () => {
  const rules = rulesOf(sample);
  const tests = fixture("sample.test.yaml");
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      const { findings } = runRuleTests(rules, edits.reduce(apply, tests));
      for (const { line, column } of findings) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 600 },
  );
});
