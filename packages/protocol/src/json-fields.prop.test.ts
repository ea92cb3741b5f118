import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { damage, damaged, jsonObjectText, jsonValueText, names } from "../tests/json-texts.js";
import type { JsonValue } from "./event.js";
import { followMembers, isJsonObject, parseJson } from "./json.js";
import { JsonFields } from "./json-fields.js";

const utf8 = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 });

function parseWhole(bytes: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

/** Between other bytes that would go on well, in a Buffer as from the broker or in a plain array. */
function placed(bytes: Uint8Array, asBuffer: boolean) {
  const all = Uint8Array.from([...encoder.encode('{"a":'), ...bytes, ...encoder.encode('"}],1')]);
  return { bytes: asBuffer ? Buffer.from(all) : all, start: 5, end: 5 + bytes.length };
}

test("a text that is taken is JSON, and each of its fields is what the whole parse gives", () => {
  const taken = { whole: 0, sound: 0 };
  fc.assert(
    fc.property(
      fc.oneof(jsonObjectText, jsonObjectText, jsonValueText),
      damage,
      fc.array(path, { maxLength: 4 }),
      fc.boolean(),
      (text, how, paths, asBuffer) => {
        const bytes = damaged(encoder.encode(text), how);
        const whole = parseWhole(bytes);
        const fields = new JsonFields();
        const slots = paths.map((names) => fields.slotOf(names));
        if (isJsonObject(whole)) taken.sound++;
        if (!fields.read(placed(bytes, asBuffer))) return;
        taken.whole++;
        if (!isJsonObject(whole)) throw new Error("a text was taken that is no JSON object");
        for (const [at, names] of paths.entries()) expect(fields.value(slots[at] ?? -1)).toEqual(followMembers(whole, names));
      },
    ),
    { numRuns: 20_000, verbose: 1 },
  );
  expect(taken.whole / taken.sound).toBeGreaterThan(0.6);
});

test("of ordinary objects every one is taken, also with the memory of others before it", () => {
  const fields = new JsonFields();
  const paths = [["a"], ["b", "price"], ["größe"], ["previous"], ["price"]];
  const slots = paths.map((names) => fields.slotOf(names));
  const scalar = fc.oneof(
    fc.string(),
    fc.string({ unit: "grapheme" }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const inner = fc.dictionary(fc.constantFrom("price", "x"), fc.oneof(scalar, fc.array(scalar)));
  const ordinary = fc.record(
    { a: scalar, größe: scalar, price: scalar, b: inner, previous: inner, list: fc.array(scalar) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(ordinary, fc.boolean(), (object, isIndented) => {
      const bytes = encoder.encode(JSON.stringify(object, null, isIndented ? 2 : 0));
      expect(fields.read(placed(bytes, true))).toBe(true);
      const whole = parseWhole(bytes) ?? null;
      for (const [at, names] of paths.entries()) expect(fields.value(slots[at] ?? -1)).toEqual(followMembers(whole, names));
    }),
    { numRuns: 20_000, verbose: 1 },
  );
});
