import { expect, test } from "@jest/globals";
import { createRng } from "./index.js";

const draw = (seed: number): number[] => {
  const rng = createRng(seed);
  return Array.from({ length: 50 }, () => rng.integer(0, 1_000_000));
};

test("a seed gives its numbers again, and others give others", () => {
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(0)).not.toEqual(draw(1));
});

test("numbers are spread over the whole range, its ends included", () => {
  const rng = createRng(3);
  const counts = new Array<number>(10).fill(0);
  for (let n = 0; n < 10_000; n++) {
    const drawn = rng.integer(0, 9);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
});

test("a chance of 0 never comes, a chance of 1 always", () => {
  const rng = createRng(5);
  const all = Array.from({ length: 1000 }, () => [rng.chance(0), rng.chance(1)]);
  expect(all.every(([never, always]) => !never && always)).toBe(true);
});

test("shuffling keeps every item, and moves some", () => {
  const rng = createRng(11);
  const list = Array.from({ length: 100 }, (_, at) => at);
  const shuffled = rng.shuffle(list);
  expect(shuffled).not.toEqual(list);
  expect([...shuffled].sort((a, b) => a - b)).toEqual(list);
  expect(list).toContain(rng.pick([1, 2, 3]));
});
