import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Reached } from "../reached.ts";

const state = fc.array(fc.integer({ min: -1, max: 65_533 }), { minLength: 3, maxLength: 3 });
const states = fc.array(fc.oneof(state, fc.tuple(fc.integer({ min: -1, max: 2 }), fc.constant(0), fc.integer({ min: 0, max: 3 }))), {
  maxLength: 200,
});

test("knows what was added, in its order and from where, as a set of texts does", () => {
  fc.assert(
    fc.property(states, (added) => {
      const reached = new Reached(3);
      const known = new Map<string, number>();
      for (const [at, one] of added.entries()) {
        const isNew = !known.has(one.join());
        if (isNew) known.set(one.join(), at);
        expect(reached.add([...one], at)).toBe(isNew);
      }
      expect(reached.size).toBe(known.size);
      expect(Array.from({ length: reached.size }, (_, number) => [reached.state(number).join(), reached.parent(number)])).toEqual([
        ...known,
      ]);
    }),
  );
});

test("keeps 200,000 states apart, over its chunks and as its table grows", () => {
  const reached = new Reached(2);
  const count = 200_000;
  for (let number = 0; number < count; number++) reached.add([number % 500, Math.floor(number / 500)], number - 1);
  for (let number = 0; number < count; number++) {
    if (reached.add([number % 500, Math.floor(number / 500)], 0)) throw new Error(`state ${number} was forgotten`);
  }
  expect(reached.size).toBe(count);
  expect([reached.state(count - 1), reached.parent(count - 1)]).toEqual([[499, 399], count - 2]);
});

test("refuses what it could not tell apart", () => {
  const reached = new Reached(1);
  expect(() => reached.add([1, 2], -1)).toThrow("2 values in place of 1");
  for (const value of [-2, 65_534]) expect(() => reached.add([value], -1)).toThrow(`cannot hold ${value}`);
  expect(() => reached.state(0)).toThrow("no state 0");
});
