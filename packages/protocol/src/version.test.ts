import { describe, expect, test } from "@jest/globals";
import { compareVersions, parseVersion, type Version } from "./version.js";

const version = (text: string): Version => {
  const parsed = parseVersion(text);
  if (parsed === null) throw new Error(`${text} is not a version`);
  return parsed;
};

describe("parseVersion", () => {
  test.each(["0", "1", "9", "10", "9007199254740993", "18446744073709551616", "99999999999999999999"])("takes %s", (text) => {
    expect(parseVersion(text)).toBe(text);
  });

  test.each(["", " 5", "5 ", "05", "00", "+5", "-1", "-0", "5.0", "1e3", "0x1", "٣", "1_000", "100000000000000000000", "5\n"])(
    "refuses %j",
    (text) => {
      expect(parseVersion(text)).toBeNull();
    },
  );
});

describe("compareVersions", () => {
  test("keeps apart what a double cannot", () => {
    expect(compareVersions(version("9007199254740993"), version("9007199254740992"))).toBeGreaterThan(0);
  });

  test("compares by value, not by text", () => {
    expect(compareVersions(version("10"), version("9"))).toBeGreaterThan(0);
    expect(compareVersions(version("9"), version("10"))).toBeLessThan(0);
    expect(compareVersions(version("10"), version("10"))).toBe(0);
  });
});
