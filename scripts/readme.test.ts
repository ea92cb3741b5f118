import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadRules } from "@freshet/rules";
import { expect, test } from "@jest/globals";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

test("the rules file of the README is one that `run` takes", () => {
  const [, text = ""] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
  const { rules, findings } = loadRules(text);
  expect(findings).toEqual([]);
  expect(rules?.ruleNames).toEqual(["price-changed"]);
});
