import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseRfc3339, rfc3339Digits } from "./rfc3339.js";

test.each([
  ["1970-01-01T00:00:00Z", 0],
  ["1969-12-31T23:59:59.5Z", -500_000],
  ["2026-11-21T10:20:30.123456789Z", 1_795_256_430_123_456],
  ["2026-11-21T12:20:30.1+02:00", 1_795_256_430_100_000],
  ["2000-02-29t00:00:00-00:30", 951_784_200_000_000],
  ["0001-01-01T00:00:00Z", -62_135_596_800_000_000],
])("%s", (text, microseconds) => {
  expect(parseRfc3339(text)).toBe(microseconds);
});

test.each([
  "",
  "2026-11-21",
  "2026-02-30T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-11-21T24:00:00Z",
  "2026-11-21T10:20:30",
  "+002026-11-21T10:20:30Z",
])("refuses %j", (text) => {
  expect(parseRfc3339(text)).toBeNull();
});

test("agrees with Date on every millisecond that both know", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }), (date) => {
      expect(parseRfc3339(date.toISOString())).toBe(date.getTime() * 1000);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ["1970-01-01T00:00:00Z", "0"],
  ["1970-01-01T00:00:00.00012Z", "120"],
  ["1970-01-01T00:00:01.000001Z", "1000001"],
  ["2026-11-21T10:20:30.123456789Z", "1795256430123456"],
  ["2260-01-01T00:00:00.000003Z", "9151488000000003"],
  ["9999-12-31T23:59:59.999998Z", "253402300799999998"],
])("%s in digits, all of them", (text, digits) => {
  expect(rfc3339Digits(text)).toBe(digits);
});

test.each(["1969-12-31T23:59:59.999999Z", "2026-11-21T10:20:30", "2026-02-30T00:00:00Z"])("%s has no digits", (text) => {
  expect(rfc3339Digits(text)).toBeNull();
});
