import { expect, test } from "@jest/globals";
import { slotOf } from "./key-slot.js";

test.each([
  ["", 0],
  ["123456789", 12739],
  ["foo", 12182],
  ["product:42", 12456],
  ["naïve:ключ", 3249],
  ["{u1}:cart", 4574],
  ["{}a", 10875],
  ["a{", 14311],
  ["a}{", 7586],
] as const)("%j lies in the slot %i, as CLUSTER KEYSLOT says", (key, slot) => {
  expect(slotOf(key)).toBe(slot);
});

test.each([
  ["{u1}:cart", "u1"],
  ["fr:t:{brand:{7}:i", "brand:{7"],
  ["a{b}c{d}", "b"],
])("of %j only %j counts", (key, tag) => {
  expect(slotOf(key)).toBe(slotOf(tag));
});
