import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Command } from "ioredis";
import { requestText } from "./request-text.js";

const element = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ minLength: 1000, maxLength: 1100 }),
  fc.constant("ü\r\n$1"),
);

describe("a request is what the client itself would write", () => {
  test("of any elements", () => {
    const seed = Date.now() % 2 ** 31;
    process.stdout.write(`request-text: seed ${seed}\n`);
    const property = fc.property(fc.array(element), fc.array(element), (keys, args) => {
      const words = ["evalsha", "0123", String(keys.length)];
      const written = new Command("evalsha", [...words.slice(1), ...keys, ...args]).toWritable(null as never);
      expect(requestText(words, keys, args)).toBe(written);
    });
    fc.assert(property, { seed, numRuns: 2000 });
  });

  test("lengths count bytes: one character beyond ASCII, in any of the three lists", () => {
    expect(requestText(["get"], ["ü"], [])).toBe("*2\r\n$3\r\nget\r\n$2\r\nü\r\n");
    expect(requestText(["get"], ["a"], ["😀"])).toBe("*3\r\n$3\r\nget\r\n$1\r\na\r\n$4\r\n😀\r\n");
    expect(requestText(["gét"], ["a"], [])).toBe("*2\r\n$4\r\ngét\r\n$1\r\na\r\n");
  });
});
