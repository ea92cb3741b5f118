import { expect, test } from "@jest/globals";
import { type Measured, summarize } from "./rounds.js";

function measured(name: string, eventsPerSecond: number, rssMb = 0): Measured {
  return { name, eventsPerSecond, rssMb, cpuMicrosecondsPerEvent: 1_000_000 / eventsPerSecond };
}

test("ratios are of one round each, and their median counts, not the ratio of medians", () => {
  const rounds = [
    [measured("noop", 1000), measured("own", 500, 90)],
    [measured("noop", 100), measured("own", 30, 100)],
    [measured("noop", 400), measured("own", 160, 80)],
  ];
  expect(summarize(rounds, ["noop", "go"])).toEqual([
    { name: "noop", eventsPerSecond: 400, rssMb: 0, cpuMicrosecondsPerEvent: 2500, ratios: { noop: 1 } },
    { name: "own", eventsPerSecond: 160, rssMb: 100, cpuMicrosecondsPerEvent: 6250, ratios: { noop: 0.4 } },
  ]);
});

test("one round is what it was", () => {
  expect(summarize([[measured("noop", 10), measured("own", 4, 7)]], ["noop"])[1]).toEqual({
    name: "own",
    eventsPerSecond: 4,
    rssMb: 7,
    cpuMicrosecondsPerEvent: 250_000,
    ratios: { noop: 0.4 },
  });
});
