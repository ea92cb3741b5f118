import { expect, test } from "@jest/globals";
import { whyRejected } from "./why-rejected.js";

const event = { id: "1", source: "s", type: "t", subject: "42", version: "1", time: "", data: "{}" };

test("a readable event is not rejected", () => {
  expect(whyRejected(event, "p")).toBeNull();
});

test.each([
  [{ subject: "a\tb" }, "schema_invalid"],
  [{ subject: "x".repeat(600) }, "schema_invalid"],
  [{ version: "01" }, "version_invalid"],
  [{ data: "[]" }, "schema_invalid"],
  [{ data: "{" }, "undecodable"],
])("%j is %s", (change, reason) => {
  expect(whyRejected({ ...event, ...change }, "p")?.reason).toBe(reason);
});
