import { expect, test } from "@jest/globals";
import { parse } from "yaml";
import { z } from "zod";
import { fixture } from "../tests/fixtures.js";
import { rulesFileSchema } from "./schema.js";

test("a JSON Schema can be made of it", () => {
  const schema = z.toJSONSchema(rulesFileSchema);
  expect(schema.required).toEqual(["freshet", "sources", "rules"]);
  expect(JSON.stringify(schema)).toContain("replicaIdentity");
});

test("the sample has its shape", () => {
  expect(rulesFileSchema.safeParse(parse(fixture("sample.yaml"))).success).toBe(true);
});
