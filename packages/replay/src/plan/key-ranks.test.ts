import { describe, expect, test } from "@jest/globals";
import { KeyRanks } from "./key-ranks.js";

describe("ranks of keys in bounded memory", () => {
  test("keep the highest rank of each of 100,000 keys that look alike", () => {
    const ranks = new KeyRanks(200_000);
    const keys = Array.from({ length: 100_000 }, (_, at) => `shop:product:${at}`);
    expect(keys.filter((key, at) => ranks.raise(key, 1 + (at % 5)) !== 0)).toEqual([]);
    expect(keys.filter((key, at) => ranks.raise(key, 2) !== 1 + (at % 5))).toEqual([]);
    expect(keys.filter((key, at) => ranks.raise(key, 1) !== Math.max(2, 1 + (at % 5)))).toEqual([]);
    expect(ranks.isExact).toBe(true);
  });

  test("say when there were more keys than they keep", () => {
    const ranks = new KeyRanks(10);
    for (let at = 0; at < 10; at++) ranks.raise(String(at), 3);
    expect(ranks.isExact).toBe(true);
    expect([ranks.raise("eleven", 1), ranks.raise("eleven", 1)]).toEqual([0, 0]);
    expect(ranks.raise("3", 1)).toBe(3);
    expect(ranks.isExact).toBe(false);
  });
});
