import { describe, expect, test } from "@jest/globals";
import { movedOn } from "../jobs/moved-on.js";
import { newestFirst, offsetsIn } from "./stretches.js";

const range = (partition: number, from: number, to: number) => ({ topic: "t", partition, from, to });

describe("stretches, the newest first", () => {
  test("cut each range from its end, and cover it", () => {
    const stretches = newestFirst([range(0, 5, 27), range(1, 0, 10), range(2, 4, 4)], 10);
    expect(stretches).toEqual([[range(0, 17, 27), range(1, 0, 10)], [range(0, 7, 17)], [range(0, 5, 7)]]);
    expect(offsetsIn(stretches)).toBe(32);
  });
});

describe("what is left of stretches", () => {
  const left = [[range(0, 17, 27), range(1, 0, 10)], [range(0, 7, 17)]];

  test("moves with the slices that ended, in the stretch that is read", () => {
    const once = movedOn(left, { partition: 0, next: 20 });
    expect(once).toEqual([[range(0, 20, 27), range(1, 0, 10)], [range(0, 7, 17)]]);
    const twice = movedOn(movedOn(once, { partition: 0, next: 27 }), { partition: 1, next: 10 });
    expect(twice).toEqual([[range(0, 7, 17)]]);
    expect(movedOn(twice, { partition: 0, next: 17 })).toEqual([]);
  });
});
