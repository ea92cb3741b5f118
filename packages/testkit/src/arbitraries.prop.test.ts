import { compareVersions, parseVersion } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { arbitraries } from "./index.js";

test("versions are canonical, and some of them are more than a number can hold", () => {
  let beyondNumbers = 0;
  let lengths = new Set<number>();
  fc.assert(
    fc.property(arbitraries.version, (version) => {
      expect(parseVersion(version)).toBe(version);
      if (BigInt(version) > BigInt(Number.MAX_SAFE_INTEGER)) beyondNumbers++;
      lengths = lengths.add(version.length);
    }),
    { numRuns: 2000 },
  );
  expect(beyondNumbers).toBeGreaterThan(200);
  expect(lengths.size).toBe(20);
});

test("pairs of versions come in every order", () => {
  const orders = new Set<number>();
  fc.assert(
    fc.property(arbitraries.versionPair, ([a, b]) => {
      orders.add(Math.sign(compareVersions(a, b)));
    }),
    { numRuns: 500 },
  );
  expect([...orders].sort()).toEqual([-1, 0, 1]);
});

test("what is no version is refused", () => {
  fc.assert(
    fc.property(arbitraries.notVersion, (text) => {
      expect(parseVersion(text)).toBeNull();
    }),
    { numRuns: 1000 },
  );
});

test("subjects are a space and an id", () => {
  fc.assert(
    fc.property(arbitraries.subject, (subject) => {
      const slash = subject.indexOf("/");
      expect(slash).toBeGreaterThan(0);
      expect(subject.length).toBeGreaterThan(slash + 1);
    }),
  );
});
