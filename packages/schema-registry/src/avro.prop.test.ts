import { limits } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Avro, writeAvro } from "../tests/avro-writer.js";
import { avroReader } from "./avro-schema.js";

/** A schema with a value of it, and the JSON that the value is. */
interface Case {
  readonly schema: Avro;
  readonly value: unknown;
  readonly json: unknown;
}

let names = 0;
const scalar: fc.Arbitrary<Case> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ schema: "long", value, json: value.toString() })),
  fc.integer().map((value) => ({ schema: "int", value, json: String(value) })),
  fc.string({ unit: "grapheme" }).map((value) => ({ schema: "string", value, json: value })),
  fc.boolean().map((value) => ({ schema: "boolean", value, json: value })),
  fc.constant({ schema: "null", value: null, json: null }),
  fc.uint8Array({ maxLength: 5 }).map((bytes) => {
    const value = Buffer.from(bytes).toString("base64");
    return { schema: "bytes", value, json: value };
  }),
);
const memberName = fc.constantFrom("a", "b", "__proto__", "constructor", "toString", "_1");
const { tree } = fc.letrec<{ tree: Case }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.array(fc.tuple(memberName, tie("tree")), { maxLength: 4 }).map((members) => recordOf(new Map(members))),
    tie("tree").chain((item) => fc.nat({ max: 3 }).map((count) => listOf(item, count))),
    tie("tree").map((inner) =>
      inner.schema === "null" || Array.isArray(inner.schema) ? inner : { ...inner, schema: ["null", inner.schema] },
    ),
  ),
}));

function recordOf(members: ReadonlyMap<string, Case>): Case {
  const own = (pick: (one: Case) => unknown) => Object.fromEntries([...members].map(([name, one]) => [name, pick(one)]));
  const fields = [...members].map(([name, { schema }]) => ({ name, type: schema }));
  const schema = { type: "record", name: `R${names++}`, fields };
  return { schema, value: own(({ value }) => value), json: own(({ json }) => json) };
}

/** Of a named type every item but the first is by name. */
function listOf({ schema, value, json }: Case, count: number): Case {
  return { schema: { type: "array", items: schema }, value: Array(count).fill(value), json: Array(count).fill(json) };
}

/** As text, so that every digit counts. */
const written = (json: unknown): string => JSON.stringify(json);
const read = (schema: Avro, bytes: Uint8Array) => {
  const reader = avroReader(JSON.stringify(schema), []);
  if (typeof reader !== "function") throw new Error("the schema is not read");
  return reader(bytes);
};
/** The numbers of a JSON text as texts: what `written` has for them. */
const withNumbersAsTexts = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown, context?: { source?: string }) => (typeof value === "number" ? context?.source : value));

test("what was written is read, with every digit and every name", () => {
  fc.assert(
    fc.property(tree, ({ schema, value, json }) => {
      const text = read(schema, writeAvro(schema, value));
      expect(typeof text === "string" ? written(withNumbersAsTexts(text)) : text).toBe(written(json));
    }),
    { numRuns: 1000 },
  );
});

test("any bytes end in a text or a rejection, and soon", () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  const ended = { text: 0, rejected: 0 };
  fc.assert(
    fc.property(tree, fc.array(change, { maxLength: 3 }), fc.uint8Array({ maxLength: 12 }), ({ schema, value }, changes, tail) => {
      const bytes = Buffer.concat([writeAvro(schema, value), tail]);
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      const text = read(schema, bytes);
      if (typeof text === "string")
        expect([typeof JSON.parse(text), text.length <= limits.recordBytesMax]).toEqual([expect.anything(), true]);
      else expect(["undecodable", "too_large"]).toContain(text.rejection.reason);
      ended[typeof text === "string" ? "text" : "rejected"]++;
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(ended.text, ended.rejected)).toBeGreaterThan(100);
});
