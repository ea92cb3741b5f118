import { expect, test } from "@jest/globals";
import { goalsOf } from "./goals.js";
import { medianOf } from "./median.js";
import type { ScrapeCost } from "./scrape.js";
import type { StartCost } from "./start.js";

const metrics = (shareMedian: number) => ({ events: 1, pairs: [], shareMedian, cpuShareMedian: 0 });
const start = (ratioMedian: number, broker: StartCost["broker"] = "default"): StartCost => {
  return { broker, rounds: [], serviceMsMedian: 0, bareMsMedian: 0, ratioMedian };
};
const scrape = (cpuMs: number, partitions = 500): ScrapeCost => {
  return { situation: "applied", partitions, scrapes: 1, bytes: 1, cpuMs, cpuMsWorst: cpuMs, idleCpuMs: 0, wallMs: 1 };
};
const met = (goals: ReturnType<typeof goalsOf>) => goals.map(({ isMet }) => isMet);

test("each figure is held against its goal", () => {
  expect(met(goalsOf({ metrics: metrics(0.05), scrape: [scrape(50)], start: [start(1.3)] }))).toEqual([true, true, true]);
  expect(met(goalsOf({ metrics: metrics(0.051), scrape: [scrape(50.1)], start: [start(1.301)] }))).toEqual([false, false, false]);
});

test("what was not measured has no goal, nor has a scrape of fewer partitions, nor a start where groups do not wait", () => {
  expect(goalsOf({ metrics: null, scrape: [], start: [] })).toEqual([]);
  expect(goalsOf({ metrics: null, scrape: [scrape(1, 20)], start: [start(3, "given")] })).toEqual([]);
});

test("a figure that is no number misses its goal", () => {
  expect(met(goalsOf({ metrics: metrics(Number.NaN), scrape: [], start: [start(Number.NaN)] }))).toEqual([false, false]);
});

test("the median is the middle one, or lies between the two in the middle", () => {
  expect(medianOf([3, 1, 10])).toBe(3);
  expect(medianOf([4, 1, 10, 2])).toBe(3);
  expect(medianOf([])).toBeNaN();
});
