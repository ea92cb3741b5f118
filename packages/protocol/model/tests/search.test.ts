import { describe, expect, test } from "@jest/globals";
import { type Model, search } from "../search.ts";
import { loadSteps } from "../steps.ts";

const limits = { maxStates: 1000, maxSeconds: 10 };

/** Counts up by one or by three, to `top` at most, and breaks at `bad`. */
function counter({ top, bad }: { top: number; bad: number }): Model {
  return {
    initial: [0],
    next: ([value = 0], emit) => {
      if (value + 1 <= top) emit("one", [value + 1]);
      if (value + 3 <= top) emit("three", [value + 3]);
    },
    broken: ([value]) => (value === bad ? `reached ${bad}` : null),
  };
}

describe("search", () => {
  test("counts all states of a model that holds", () => {
    expect(search(counter({ top: 20, bad: -1 }), limits)).toMatchObject({ verdict: "holds", states: 21, trace: [] });
  });

  test("shows one of the shortest ways to a broken state", () => {
    const { verdict, why, trace } = search(counter({ top: 20, bad: 7 }), limits);
    expect({ verdict, why, steps: trace.length, ones: trace.filter((step) => step === "one").length }).toEqual({
      verdict: "fails",
      why: "reached 7",
      steps: 3,
      ones: 1,
    });
  });

  test("says so when it gives up", () => {
    expect(search(counter({ top: 60_000, bad: -1 }), limits).verdict).toBe("cut");
  });

  test("takes states that differ by names only for one, and keeps the names in the trace", () => {
    const two: Model = {
      initial: [0, 0],
      next: ([a = 0, b = 0], emit) => {
        if (a < 2) emit("first", [a + 1, b]);
        if (b < 2) emit("second", [a, b + 1]);
      },
      broken: ([a, b]) => (a === 2 && b === 2 ? "both" : null),
      canon: ([a = 0, b = 0]) => (a <= b ? [a, b] : [b, a]),
    };
    const { states, trace } = search(two, limits);
    expect({ states, trace: [...trace].sort() }).toEqual({ states: 6, trace: ["first", "first", "second", "second"] });
  });
});

test("an edit of the steps that does not apply is refused", () => {
  expect(() => loadSteps([{ file: "floors.ts", from: "not there", to: "" }])).toThrow("0 times in floors.ts");
  expect(() => loadSteps([{ file: "limits.txt", from: "a", to: "b" }])).toThrow("limits.txt");
});
