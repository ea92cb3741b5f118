import { type Logger, pino } from "pino";
import { createMetrics, type MetricSources, type Metrics } from "../src/metrics.js";

/** What a service tells of: its metrics, and its log line by line. */
export interface Telling {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly told: () => readonly Record<string, unknown>[];
}

export interface TellingOptions {
  /** Of the log. */
  readonly level: string;
  readonly clock: { nowMs(): number };
  readonly mode?: "apply" | "observe";
  readonly rules?: { readonly topics: readonly string[]; readonly ruleNames: readonly string[] };
  /** Where the service is not one in which nothing happens. */
  readonly sources?: Partial<MetricSources>;
}

export function createTelling({ level, clock, mode = "apply", rules, sources }: TellingOptions): Telling {
  const lines: string[] = [];
  const quiet: MetricSources = {
    waiting: () => [],
    lag: { readings: () => [], observedMs: 0, topics: [], isBlind: false, refresh: async () => undefined },
    assignedCount: () => 0,
    silence: () => ({ ms: 0, isStuck: false }),
    startWaits: () => [],
    openLetters: () => new Map(),
    sweeps: () => null,
  };
  const info = { version: "1", mode, rules: { hash: "abc", topics: [], ruleNames: [], ...rules }, canary: null, clock };
  return {
    metrics: createMetrics({ ...quiet, ...sources }, info),
    logger: pino({ level }, { write: (line: string) => void lines.push(line) }),
    told: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
  };
}
