import { describe, expect, test } from "@jest/globals";
import { fixture, marked, oneRule, rulesOf } from "../tests/fixtures.js";
import { runRuleTests } from "./rule-tests.js";

describe("tests of rules", () => {
  test("the sample's tests pass", () => {
    const { findings, tests } = runRuleTests(rulesOf(fixture("sample.yaml")), fixture("sample.test.yaml"));
    expect(findings).toEqual([]);
    expect(tests.map(({ passed, line, difference }) => [passed, line, difference])).toEqual([
      [true, 2, []],
      [true, 14, []],
      [true, 17, []],
    ]);
  });

  test.each([
    ["one bust too few", "{ subject: 1 }", "[]", ["+ hard key product:1"]],
    ["one bust too many", "{ subject: 1 }", '[{ key: "product:1" }, { key: "product:2" }]', ["- hard key product:2"]],
    ["another mode", "{ subject: 1 }", '[{ key: "product:1", mode: soft }]', ["- soft key product:1", "+ hard key product:1"]],
    ["another kind of target", "{ subject: 1 }", '[{ tag: "product:1" }]', ["- hard tag product:1", "+ hard key product:1"]],
    ["the same bust twice counts once", "{ subject: 1 }", '[{ key: "product:1" }, { key: "product:1" }]', []],
    [
      "a rejected event",
      "{ subject: '' }",
      "[]",
      ["rejected as key_unresolved: rule one: its parameter `id` is empty", expect.stringContaining("Parameters are")],
    ],
  ])("%s", (...[_what, given, wanted, difference]) => {
    const { findings, tests } = runRuleTests(oneRule({}), `tests: [{ name: a, event: ${given}, expect: ${wanted} }]`);
    expect(findings).toEqual([]);
    expect(tests).toEqual([{ name: "a", line: 1, passed: difference.length === 0, difference }]);
  });

  test("numbers keep their digits", () => {
    const rules = oneRule({ when: "data.n == 9007199254740993", id: "data.n" });
    const run = (n: string) =>
      runRuleTests(rules, `tests: [{ name: a, event: { data: { n: ${n} } }, expect: [{ key: "product:9007199254740993" }] }]`);
    expect(run("9007199254740993").tests[0]?.passed).toBe(true);
    expect(run("9007199254740992").tests[0]?.passed).toBe(false);
  });
});

describe("test files that are wrong", () => {
  const rules = rulesOf(fixture("sample.yaml"));
  test.each([
    ["empty", "§", ["wrong_type"]],
    ["no tests", "tests: §[]", ["empty"]],
    ["no name", "tests: [§{ event: { source: products }, expect: [] }]", ["missing_field"]],
    ["no source where there are several", "tests: [{ name: a, event: §{ type: x }, expect: [] }]", ["missing_field"]],
    ["an unknown source", "tests: [{ name: a, event: { source: §product }, expect: [] }]", ["unknown_source"]],
    ["an unknown field", "tests: [{ name: a, event: { source: products, §key: 1 }, expect: [] }]", ["unknown_field"]],
    ["no target", "tests: [{ name: a, event: { source: products }, expect: [§{ mode: soft }] }]", ["bust_target"]],
    ["two targets", "tests: [{ name: a, event: { source: products }, expect: [§{ key: a, tag: b }] }]", ["bust_target"]],
    ["a version that is none", "tests: [{ name: a, event: { source: products, version: §1.5 }, expect: [] }]", ["malformed_value"]],
    ["no YAML", "tests: [§", ["yaml_syntax"]],
  ])("%s", (_what, textWithMarks, codes) => {
    const { text, places } = marked(textWithMarks);
    const { findings, tests } = runRuleTests(rules, text);
    expect(findings.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(codes.map((code, at) => `${places[at]} ${code}`));
    expect(tests).toEqual([]);
  });

  test("a wrong test does not keep the others from running", () => {
    const { findings, tests } = runRuleTests(rules, "tests: [{ name: a, event: { source: products }, expect: [] }, { name: b }]");
    expect(findings.length).toBeGreaterThan(0);
    expect(tests.map(({ name }) => name)).toEqual(["a"]);
  });
});
