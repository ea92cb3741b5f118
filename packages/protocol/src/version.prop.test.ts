import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { compareVersions, parseVersion } from "./version.js";

const digits = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }),
  fc.nat(20).map((n) => BigInt(n)),
  fc.nat(20).map((n) => 9007199254740982n + BigInt(n)),
  fc.nat(19).chain((length) => fc.nat(2).map((d) => 10n ** BigInt(length) - 1n + BigInt(d))),
);

test("versions are ordered as the integers they are", () => {
  fc.assert(
    fc.property(digits, digits, (a, b) => {
      const [left, right] = [parseVersion(a.toString()), parseVersion(b.toString())];
      if (left === null || right === null) throw new Error("a canonical integer was refused");
      expect(Math.sign(compareVersions(left, right))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
    { numRuns: 20_000, verbose: 1 },
  );
});
