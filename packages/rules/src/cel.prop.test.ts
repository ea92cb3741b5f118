import type { JsonObject } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { event } from "../tests/fixtures.js";
import { compile } from "./cel.js";
import { JsonMap, Scope } from "./scope.js";

const names = fc.constantFrom("a", "b", "c", "constructor", "__proto__", "length");
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, 0, -0, 1.5, 5, 2 ** 53, 2 ** 60, 9007199254740993n, "", "text"),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.array(fc.tuple(names, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
}));
const data = json.object as fc.Arbitrary<JsonObject>;
const path = fc
  .tuple(fc.constantFrom("data", "previous", "headers", "item"), fc.array(names, { maxLength: 3 }))
  .map(([root, fields]) => [root, ...fields].join("."));

function evaluate(text: string, scope: Scope): unknown {
  const program = compile(text, { item: true });
  if ("problem" in program) throw new Error(program.problem);
  try {
    return plain(program.evaluate(scope));
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof JsonMap ? Object.fromEntries([...value.entries()].map(([name, inner]) => [name, plain(inner)])) : value;
}

test("a direct read answers what the CEL library answers", () => {
  fc.assert(
    fc.property(path, data, data, (text, one, two) => {
      const scope = new Scope(event({ data: one, previous: two, headers: one }));
      scope.item = new JsonMap(two);
      // The choice keeps the expression from being a path, so that the library evaluates it.
      expect(evaluate(text, scope)).toEqual(evaluate(`true ? ${text} : ${text}`, scope));
    }),
    { numRuns: 3000 },
  );
});

test("compile never throws", () => {
  const tokens = fc.constantFrom(
    "data",
    ".a",
    "subject",
    "type",
    "item",
    " == ",
    " && ",
    "||",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "1",
    "2.5",
    "has",
    ".map",
    ",",
    "x",
    "?",
    ":",
    "!",
    "-",
    "\\u12",
    "b'",
    "\n",
    "//",
    "é",
  );
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 25 }), (parts) => {
      const text = parts.join("");
      const compiled = compile(text, { item: false });
      if ("problem" in compiled) expect(compiled.offset).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 5000 },
  );
});
