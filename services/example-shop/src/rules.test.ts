import { readFile } from "node:fs/promises";
import { loadRules, runRuleTests } from "@freshet/rules";
import { expect, test } from "@jest/globals";

const read = (name: string) => readFile(new URL(`../${name}`, import.meta.url), "utf8");

test("the sample rules have no findings, `run` takes them, and their own tests pass", async () => {
  const { rules, findings } = loadRules(await read("rules.yaml"));
  expect(findings).toEqual([]);
  if (rules === null) throw new Error("no rules");
  const report = runRuleTests(rules, await read("rules.test.yaml"));
  expect(report.findings).toEqual([]);
  expect(report.tests.filter((result) => !result.passed)).toEqual([]);
  expect(report.tests).toHaveLength(6);
});
