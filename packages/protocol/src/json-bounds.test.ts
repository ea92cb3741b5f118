import { describe, expect, test } from "@jest/globals";
import { type JsonExcess, jsonExcess } from "./json-bounds.js";
import { JsonFields } from "./json-fields.js";
import { limits } from "./limits.js";

const { jsonDepthMax, numberDigitsMax } = limits;
const lists = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const number = (digits: number) => `{"n":${"7".repeat(digits)}}`;

describe("what is beyond the limits of a JSON text", () => {
  const cases: readonly (readonly [name: string, text: string, excess: JsonExcess | null])[] = [
    ["lists to the limit", lists(jsonDepthMax), null],
    ["lists beyond it", lists(jsonDepthMax + 1), "depth"],
    ["objects to the limit", objects(jsonDepthMax), null],
    ["objects beyond it", objects(jsonDepthMax + 1), "depth"],
    ["both by turns", `${'[{"a":'.repeat(jsonDepthMax / 2)}[]${"}]".repeat(jsonDepthMax / 2)}`, "depth"],
    ["many that stand side by side", `[${Array.from({ length: 10_000 }, () => '{"a":[]}').join()}]`, null],
    ["brackets in a string", JSON.stringify({ text: "[{".repeat(1000) }), null],
    ["brackets behind an escaped quote", JSON.stringify([`"${"[".repeat(1000)}`]), null],
    ["brackets behind a backslash at the end of a string", `["\\\\",${lists(jsonDepthMax)}]`, "depth"],
    ["a text cut short", lists(1_000_000).slice(0, 1_000_000), "depth"],
    ["a number to the limit", number(numberDigitsMax), null],
    ["a number beyond it", number(numberDigitsMax + 1), "digits"],
    ["digits of a fraction", `[0.${"3".repeat(numberDigitsMax + 1)}]`, "digits"],
    ["digits in a string", JSON.stringify(["7".repeat(5 * numberDigitsMax)]), null],
    ["many long numbers", `[${Array.from({ length: 50 }, () => "7".repeat(numberDigitsMax)).join()}]`, null],
    ["a string that does not end", `["${"7".repeat(5 * numberDigitsMax)}`, null],
    ["nothing", "", null],
  ];
  test.each(cases)("%s", (_name, text, excess) => {
    expect(jsonExcess(text)).toBe(excess);
  });

  test("is never taken by a scan either, which leaves it to those who say why", () => {
    const fields = new JsonFields();
    fields.slotOf(["n"]);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const isTaken = (text: string) => fields.read({ bytes: bytes(text), start: 0, end: bytes(text).length });
    expect([number(numberDigitsMax), number(numberDigitsMax + 1), objects(jsonDepthMax + 1)].map(isTaken)).toEqual([true, false, false]);
  });
});
