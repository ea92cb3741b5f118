import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { dialects, header, record } from "../../tests/foreign-letters.js";
import { readDeadLetter } from "./letter.js";

const names = [...new Set(Object.values(dialects).flatMap((headers) => headers.map(({ name }) => name)))];
const value = fc.oneof(
  fc.constant(null),
  fc.constant(new Uint8Array()),
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ maxLength: 40 }).map((text) => new TextEncoder().encode(text)),
  fc.integer().map((number) => new TextEncoder().encode(String(number))),
  fc.nat({ max: 20_000 }).map((length) => new Uint8Array(length).fill(0x61)),
);
const headers = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 20 })), value), { maxLength: 20 });

test("whatever the headers, a letter is read, printable and small", () => {
  fc.assert(
    fc.property(headers, (pairs) => {
      const letter = readDeadLetter(record(pairs.map(([name, bytes]) => header(name, bytes))));
      const texts = [letter.reason, letter.rule, letter.fingerprint, letter.message, letter.group ?? "", letter.source?.topic ?? ""];
      for (const text of texts) expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(texts.join("").length).toBeLessThan(4000);
      expect(letter.reason).not.toBe("");
      for (const number of [letter.attempts, letter.source?.offset, letter.source?.partition]) {
        if (number !== null && number !== undefined) expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
      }
    }),
  );
});
