import { expect, test } from "@jest/globals";
import { nearest, suggest } from "./nearest.js";

test.each([
  ["prodcts", "products"],
  ["lsit", "list"],
  ["TTL", "ttl"],
  ["wiht", "with"],
  ["entirely-else", null],
])("%s → %s", (word, wanted) => {
  expect(nearest(word, ["products", "list", "ttl", "with"])).toBe(wanted);
});

test("the names are listed when none is near", () => {
  expect(suggest("xyz", ["alpha", "beta"])).toBe("One of: `alpha`, `beta`.");
  expect(suggest("xyz", [])).toBe("None is declared.");
});
