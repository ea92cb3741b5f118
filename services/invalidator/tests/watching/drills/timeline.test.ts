import { expect, test } from "@jest/globals";
import { judge } from "./timeline.js";

test("a step that took longer than it might is missed; one without a limit never is", () => {
  const { lines, missed } = judge([
    { what: "fault → pending", tookMs: 99_000, limitMs: null },
    { what: "fault → firing", tookMs: 24_000, limitMs: 24_000 },
    { what: "fixed → resolved", tookMs: 24_001, limitMs: 24_000 },
  ]);
  expect(missed).toEqual(["fixed → resolved"]);
  expect(lines).toEqual([
    "  99.0 s  fault → pending",
    "  24.0 s  fault → firing  of 24.0 s at most: held",
    "  24.0 s  fixed → resolved  of 24.0 s at most: MISSED",
  ]);
});
