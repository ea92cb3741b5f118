import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { exceptions, withoutExceptions } from "./tidy/exceptions.ts";
import { readTree } from "./tidy/read-tree.ts";
import { rules } from "./tidy/rules.ts";

const root = join(import.meta.dirname, "..");

test("the tree is tidy", () => {
  const tree = readTree(root);
  expect(tree.sources.length).toBeGreaterThan(100);
  const findings = rules.flatMap((rule) => rule.check(tree));
  const left = withoutExceptions(findings, exceptions);
  expect(left.map(({ path, line, rule, message }) => `${path}:${line} ${rule} ${message}`)).toEqual([]);
});

test("generated files are up to date", () => {
  const check = spawnSync(process.execPath, ["scripts/generate.ts", "--check"], { cwd: root, encoding: "utf8" });
  expect({ status: check.status, stderr: check.stderr }).toEqual({ status: 0, stderr: "" });
});

test("every exception says why", () => {
  for (const { path, reason } of exceptions) expect([path, reason.length > 20]).toEqual([path, true]);
});
