import type { PlanOptions } from "../src/plan/plan-replay.js";
import type { Selection } from "../src/select/selection.js";
import { compiled, rightRules } from "./incident.js";

export const history: Selection = {
  kind: "history",
  topic: "shop.products",
  from: "2026-01-01T00:00:00.000Z",
  to: "2026-01-02T00:00:00.000Z",
  where: null,
};

export const letters: Selection = {
  kind: "dlq",
  topic: "freshet.dlq.blue",
  since: null,
  until: null,
  reason: null,
  rule: null,
  where: null,
  resolved: false,
};

/** A plan of everything with the right rules, and what a test says otherwise. */
export function planOptions(over: Partial<PlanOptions> = {}): PlanOptions {
  return {
    selection: history,
    order: "oldest",
    rules: compiled(rightRules),
    running: null,
    force: false,
    limit: null,
    rates: { recordsPerSecond: null, bustsPerSecond: null },
    isResolved: () => false,
    group: "freshet-replay-blue-plan-1",
    stop: new AbortController().signal,
    onProgress: () => {},
    ...over,
  };
}
