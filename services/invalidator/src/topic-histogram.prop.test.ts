import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createTopicHistogram } from "./topic-histogram.js";

const bounds = [0.01, 0.5, 1, 30];
/** Bounds themselves, what lies just beside them, and anything else. */
const seconds = fc.oneof(
  fc.constantFrom(0, ...bounds, ...bounds.map((bound) => bound * 1.001), 1e9),
  fc.double({ min: 0, max: 60, noNaN: true }),
);

test("each value is counted in every bucket whose bound it does not exceed, whatever came before it", () => {
  fc.assert(
    fc.property(fc.array(seconds, { maxLength: 30 }), (values) => {
      const histogram = createTopicHistogram({ name: "age", help: "Age", bounds, clock: { nowMs: () => 0 } });
      const observe = histogram.series("orders");
      for (const value of values) observe(value, null);
      const told = Object.fromEntries(
        [...histogram.text(false).matchAll(/le="([^"]+)"\} (\d+)/g)].map(([, bound, count]) => [bound, Number(count)]),
      );
      const wanted = bounds.map((bound) => [String(bound), values.filter((value) => value <= bound).length]);
      expect(told).toEqual(Object.fromEntries([...wanted, ["+Inf", values.length]]));
    }),
    { numRuns: 500, verbose: 1 },
  );
});
