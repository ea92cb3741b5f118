import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";

const repository = join(import.meta.dirname, "../../..");
const page = readFileSync(join(repository, "docs/reference/guarantees.md"), "utf8");
const named = [...new Set([...page.matchAll(/`((?:packages|services)\/[^`\s]+)`/g)].map(([, path = ""]) => path))];
/** What stands in quotes behind a test of the model, which names its cases in the files beside its tests. */
const quoted = [...page.matchAll(/`packages\/protocol\/model\/tests\/[^`]+`, "([^"]+)"/g)].map(([, name = ""]) =>
  name.replaceAll(/\s+/g, " "),
);

test("the page names tests", () => {
  expect(named.length).toBeGreaterThan(25);
  expect(quoted.length).toBeGreaterThan(2);
});

test.each(named)("%s is a test, or a folder of tests", (path) => {
  const full = join(repository, path);
  expect(existsSync(full)).toBe(true);
  const files = path.endsWith(".ts") ? [path] : readdirSync(full);
  expect(files.some((file) => file.endsWith(".test.ts"))).toBe(true);
});

test.each(quoted)("the model has a case that is called %j", (name) => {
  const folder = join(repository, "packages/protocol/model");
  const texts = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  expect(texts.some((file) => readFileSync(join(folder, file), "utf8").includes(name))).toBe(true);
});

describe("each promise", () => {
  const [, table = ""] = page.split("| Promise | Shown by |\n|---|---|\n");
  const [rows = ""] = table.split("\n\n");

  test.each(rows.split("\n"))("names its test: %s", (row) => {
    expect(named.some((path) => row.includes(`\`${path}\``))).toBe(true);
  });
});
