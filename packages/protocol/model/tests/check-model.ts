import { afterAll, describe, expect, test } from "@jest/globals";
import type { Holding, Mutant } from "../cases.ts";
import { search, type Verdict } from "../search.ts";
import { loadSteps, type Steps } from "../steps.ts";

const limits = { maxStates: 2_000_000, maxSeconds: 600 };

/** Runs the small models over the shipped steps, and every mutant, which must be found out. Prints states and seconds. */
export function checkModel(shipped: Steps, { holdings, mutants }: { holdings: readonly Holding[]; mutants: readonly Mutant[] }): void {
  const lines: string[] = [];
  const judge = (name: string, verdict: Verdict): Verdict => {
    lines.push(`${name}: ${verdict.verdict}, ${verdict.states} states, ${verdict.seconds.toFixed(1)} s\n`);
    return verdict;
  };
  afterAll(() => void process.stdout.write(lines.join("")));

  describe("no stale value is served as fresh, and none older than a hard bust at all", () => {
    test.each(holdings.filter(({ size }) => size === "small"))("$name", ({ name, lowered, model }) => {
      const { verdict, why, trace } = judge(name, search(model(lowered === undefined ? shipped : loadSteps(lowered)), limits));
      expect({ verdict, why, trace }).toEqual({ verdict: "holds", why: "", trace: [] });
    });
  });

  describe("a safety line taken away is found out", () => {
    test.each(mutants)("$name", ({ name, edits, model }) => {
      expect(judge(name, search(model(loadSteps(edits)), limits)).verdict).toBe("fails");
    });
  });
}
