import type { DomainEvent, JsonObject } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { event } from "../tests/fixtures.js";
import { compile } from "./cel.js";
import { quickly } from "./quick.js";
import { Scope } from "./scope.js";

const names = fc.constantFrom("a", "b", "__proto__", "length");
const plain = fc.constantFrom(
  null,
  true,
  false,
  0,
  -0,
  1,
  2,
  1.5,
  -7,
  2 ** 53,
  9007199254740993n,
  "",
  "a",
  "b",
  "42",
  "\u{1f600}",
  "\uffee",
);
const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 2 }, plain, plain, fc.array(tie("value"), { maxLength: 2 }), tie("object")),
  object: fc.array(fc.tuple(names, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
}));
const data = json.object as fc.Arbitrary<JsonObject>;

const field = fc
  .tuple(fc.constantFrom("data", "previous", "headers"), fc.array(names, { minLength: 1, maxLength: 2 }))
  .map(([root, path]) => [root, ...path].join("."));
const side = fc.oneof(
  field,
  field,
  field,
  fc.constantFrom(
    "subject",
    "type",
    "op",
    "space",
    "source",
    '"a"',
    '"42"',
    "0",
    "1",
    "2",
    "-7",
    "1.5",
    "true",
    "null",
    "9007199254740993",
  ),
);
const grammar = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.tuple(side, fc.constantFrom("==", "!=", "<", "<=", ">", ">="), side).map((parts) => parts.join(" ")),
    field.map((text) => `has(${text})`),
    fc.tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition")).map(([left, op, right]) => `(${left}) ${op} (${right})`),
    tie("condition").map((text) => `!(${text})`),
    field,
  ),
}));

/** With `field` as scanned events have it, and without. */
function events(one: JsonObject, two: JsonObject): readonly DomainEvent[] {
  const whole = event({ data: one, previous: two, headers: one });
  const walk = (value: unknown, names: readonly string[]): unknown =>
    names.reduce(
      (at, name) =>
        typeof at === "object" && at !== null && !Array.isArray(at) && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined,
      value,
    );
  return [whole, { ...whole, field: (root, names) => walk(whole[root], names) as never }];
}

test("what is answered quickly is what the CEL library answers", () => {
  const seen = { quick: 0, asked: 0 };
  fc.assert(
    fc.property(grammar.condition, data, data, (text, one, two) => {
      const program = compile(text, { item: false });
      if ("problem" in program) return;
      const quick = quickly(program.node);
      // The choice keeps the quick way from being taken.
      const library = compile(`true ? (${text}) : false`, { item: false });
      if (quick === null || "problem" in library) return;
      for (const each of events(one, two)) {
        seen.asked++;
        const answer = quick(each);
        if (answer === undefined) continue;
        seen.quick++;
        expect(answer).toBe(library.evaluate(new Scope(each)));
      }
    }),
    { numRuns: 30_000, verbose: 1 },
  );
  expect(seen.quick / seen.asked).toBeGreaterThan(0.1);
});

test("the condition that most rules have is answered without the library", () => {
  const program = compile('has(data.price) && (data.price != previous.price || type == "x") && !(op == "delete")', { item: false });
  if ("problem" in program) throw new Error(program.problem);
  const quick = quickly(program.node);
  expect(quick?.(event({ data: { price: 5 }, previous: { price: 4 } }))).toBe(true);
  expect(quick?.(event({ data: { price: 5 }, previous: { price: 5 } }))).toBe(false);
  expect(quick?.(event({ data: { price: 5 }, previous: {} }))).toBeUndefined();
});
