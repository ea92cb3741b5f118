import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { OffsetTracker } from "./offset-tracker.js";

/** Offsets with gaps, and an order to end them in, repeats included. */
const schedule = fc
  .uniqueArray(fc.nat(5000), { minLength: 1, maxLength: 60 })
  .map((offsets) => offsets.sort((a, b) => a - b))
  .chain((offsets) => fc.record({ offsets: fc.constant(offsets), ends: fc.array(fc.constantFrom(...offsets), { maxLength: 150 }) }));

function trackerOf(offsets: readonly number[]): OffsetTracker {
  const tracker = new OffsetTracker();
  for (const offset of offsets) tracker.begin(offset);
  return tracker;
}

/** By looking at everything each time. */
function prefixOf(offsets: readonly number[], ended: ReadonlySet<number>): number | null {
  const open = offsets.findIndex((offset) => !ended.has(offset));
  const last = open === -1 ? offsets.length - 1 : open - 1;
  return offsets[last] ?? null;
}

describe("the offset tracker", () => {
  test("stands at the end of the ended prefix, never at or beyond an open record", () => {
    fc.assert(
      fc.property(schedule, ({ offsets, ends }) => {
        const tracker = trackerOf(offsets);
        const ended = new Set<number>();
        for (const offset of ends) {
          tracker.end(offset);
          ended.add(offset);
          expect(tracker.contiguous()).toBe(prefixOf(offsets, ended));
        }
      }),
      { numRuns: 2000, verbose: 1 },
    );
  });

  test("keeps counting over many more records than it remembers", () => {
    const tracker = new OffsetTracker();
    for (let round = 0; round < 20; round++) {
      const from = round * 1000;
      for (let at = 0; at < 1000; at++) tracker.begin(from + at);
      for (let at = 999; at > 0; at--) tracker.end(from + at);
      expect(tracker.contiguous()).toBe(round === 0 ? null : from - 1);
      tracker.end(from);
      expect(tracker.contiguous()).toBe(from + 999);
    }
  });

  test("takes no notice of records that never began", () => {
    const tracker = trackerOf([3]);
    tracker.end(7);
    tracker.begin(7);
    tracker.end(3);
    expect(tracker.contiguous()).toBe(3);
  });

  test("refuses offsets that go back", () => {
    expect(() => trackerOf([3, 3])).toThrow(RangeError);
  });
});
