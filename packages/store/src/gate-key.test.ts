import { FreshetError } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { gateKeyOf } from "./gate-key.js";

/** What Redis hashes of a key: between the first brace and the first closing one after it, unless that is nothing. */
function hashedPart(key: string): string {
  const [, inside = ""] = /^[^{]*\{([^}]*)\}/.exec(key) ?? [];
  return inside === "" ? key : inside;
}

test.each([
  ["product:1", "fr:g:k:{product:1}"],
  ["a{b", "fr:g:k:{a{b}"],
  ["{tenant}:1", "fr:g:t:{tenant}:1"],
  ["}x{a}y{b}", "fr:g:t:}x{a}y{b}"],
  ["{{a}}", "fr:g:t:{{a}}"],
])("the companion of %s is %s, in one slot", (key, companion) => {
  expect(gateKeyOf("fr:", key)).toBe(companion);
  expect(hashedPart(companion)).toBe(hashedPart(key));
});

test("two keys never share a companion", () => {
  const keys = ["a", "{a}", "k:{a}", "t:a", "a{b", "x{a}", "g:k:{a}"];
  expect(new Set(keys.map((key) => gateKeyOf("fr:", key))).size).toBe(keys.length);
});

test.each(["", "}", "a}", "{}a", "a}b{", "{}{a}"])("the key %j is refused: nothing can share its slot", (key) => {
  expect(() => gateKeyOf("fr:", key)).toThrow(FreshetError);
  expect(() => gateKeyOf("fr:", key)).toThrow(expect.objectContaining({ code: "FR1006", disposition: "usage" }));
});
