import type { Op } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { event, rulesOf, withRules } from "../tests/fixtures.js";

const conditions = [
  "op == 'delete'",
  "has(data.a)",
  "data.a == 1",
  "data.a != previous.a",
  "data.b",
  "data.a > 1 && data.b",
  "!has(data.c) || data.c in data.ids",
];
const rules = rulesOf(
  withRules(
    [
      ...conditions.map(
        (when, at) =>
          `  - { name: r${at}, source: products, when: ${JSON.stringify(when)}, bust: [{ family: product, with: { id: "data.a" } }] }`,
      ),
      '  - { name: each, source: products, types: [product.updated], bust: [{ family: product, forEach: "data.ids", with: { id: "item" } }] }',
      '  - { name: deletes, source: products, ops: [delete], bust: [{ family: product, with: { id: "subject" } }] }',
      "",
    ].join("\n"),
  ),
);

const scalar = fc.constantFrom(null, true, false, 0, 1, 2, 1.5, "", "x");
const data = fc.record(
  { a: scalar, b: scalar, c: scalar, ids: fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })) },
  { requiredKeys: [] },
);
const events = fc
  .record({
    data,
    previous: data,
    op: fc.constantFrom<Op>("create", "update", "delete"),
    type: fc.constantFrom("product.updated", "product.deleted"),
    source: fc.constantFrom("products", "products", "other"),
  })
  .map((over) => event(over));

test("map and explain tell the same story", () => {
  const seen = { busts: 0, rejected: 0 };
  fc.assert(
    fc.property(events, (given) => {
      const mapped = rules.map(given);
      const explained = rules.explain(given);
      const failed = explained.filter(({ because }) => /^(rule_error|key_unresolved|fan_out_exceeded): /.test(because));
      expect(explained.map(({ rule }) => rule)).toEqual(rules.ruleNames);
      for (const { matched, because, busts } of explained)
        expect([matched, because === "", matched || busts.length === 0]).toEqual([matched, matched, true]);
      if (mapped.kind === "rejected") {
        seen.rejected += 1;
        expect(failed[0]?.because).toBe(`${mapped.rejection.reason}: ${mapped.rejection.message}`);
        return;
      }
      seen.busts += mapped.busts.length;
      expect(failed).toEqual([]);
      expect(explained.filter(({ matched }) => matched).map(({ rule }) => rule)).toEqual(mapped.rules);
      expect(explained.flatMap(({ busts }) => busts)).toEqual(mapped.busts);
    }),
    { numRuns: 3000 },
  );
  expect(seen.busts).toBeGreaterThan(50);
  expect(seen.rejected).toBeGreaterThan(50);
});
