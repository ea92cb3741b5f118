import { expect, test } from "@jest/globals";
import { instantOf } from "./entry-report.js";
import { judge } from "./verdict.js";

test.each([
  [9e15, "9999-12-31T23:59:59.999Z"],
  [-9e15, "0000-01-01T00:00:00.000Z"],
  [-1, "1969-12-31T23:59:59.999Z"],
])("a record that its producer stamped with %d is told all the same", (timestampMs, at) => {
  const place = { topic: "shop.products", partition: 0, offset: 1, timestampMs };
  const facts = { type: "t", op: "update", subject: "catalog.product/1", version: null };
  const candidate = { ...place, ...facts, hits: [], misses: ["m"], rejection: null, print: "" };
  const { report } = judge(candidate, { state: null, readLagMs: 0, committed: null, letter: null, disbelieved: null });
  expect(report).toMatchObject({ at, verdict: "no_match" });
  expect(instantOf(timestampMs * 1000)).toBe(at);
});
