import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deadLetter } from "@freshet/pipeline";
import { deadReasons, type KafkaRecord } from "@freshet/protocol";
import { loadRules, runRuleTests } from "@freshet/rules";
import { describe, expect, test } from "@jest/globals";
import { contracts } from "./contracts.ts";
import { deadLetterHeaders } from "./dead-letter.ts";

const schemas = join(import.meta.dirname, "../../schemas");
const kinds = ["valid", "invalid"] as const;

/** Said by the JSON Schema and by the rules' own lint, but not by the zod model, which has no refinements. */
const leftToLint = ["rules.v1/bust-of-family-and-tag"];

function examplesOf(kind: string, name: string): readonly { name: string; text: string }[] {
  const folder = join(schemas, "examples", kind, name);
  return readdirSync(folder).map((file) => ({ name: file.replace(".json", ""), text: readFileSync(join(folder, file), "utf8") }));
}

describe.each(contracts)("$name", ({ name, schema }) => {
  test.each(kinds)("has %s examples", (kind) => {
    expect(examplesOf(kind, name).length).toBeGreaterThanOrEqual(3);
  });

  test.each(examplesOf("valid", name))("accepts $name", ({ text }) => {
    expect(schema.safeParse(JSON.parse(text)).error).toBeUndefined();
  });

  test.each(examplesOf("invalid", name))("refuses $name", (example) => {
    expect(schema.safeParse(JSON.parse(example.text)).success).toBe(leftToLint.includes(`${name}/${example.name}`));
  });
});

const folders = kinds.map((kind) => [kind, readdirSync(join(schemas, "examples", kind))] as const);
test.each(folders)("every folder of %s examples belongs to a schema", (_, names) => {
  expect(names.toSorted()).toEqual(contracts.map(({ name }) => name).toSorted());
});

describe("the code that reads these files agrees", () => {
  test.each(kinds)("about %s rules files", (kind) => {
    for (const { name, text } of examplesOf(kind, "rules.v1")) {
      expect({ name, isRight: loadRules(text).findings.length === 0 }).toEqual({ name, isRight: kind === "valid" });
    }
  });

  test.each(kinds)("about %s rule tests", (kind) => {
    const { rules } = loadRules(readFileSync(join(schemas, "examples/valid/rules.v1/smallest.json"), "utf8"));
    if (rules === null) throw new Error("the smallest rules file has findings");
    for (const { name, text } of examplesOf(kind, "rule-test.v1")) {
      expect({ name, isRight: runRuleTests(rules, text).findings.length === 0 }).toEqual({ name, isRight: kind === "valid" });
    }
  });
});

test.each(deadReasons)("a dead letter for %s has the headers of the schema, and no others", (reason) => {
  const record: KafkaRecord = { topic: "t", partition: 0, offset: 7, timestampMs: 0, key: null, value: null, headers: [] };
  const rejection = { reason, message: "it is wrong", fix: "Mend it.", rule: "r" };
  const context = { topic: "freshet.dlq.test", group: "g", rulesHash: "0".repeat(64), at: "2026-11-20T10:00:00.000Z" };
  const headers = deadLetter(record, rejection, context).headers ?? [];
  const texts = headers.map(({ name, value }) => [name, value === null ? null : new TextDecoder().decode(value)]);
  expect(deadLetterHeaders.schema.safeParse(Object.fromEntries(texts)).error).toBeUndefined();
});
