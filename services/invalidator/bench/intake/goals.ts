import type { Latency } from "./latency.ts";
import type { Takeover } from "./takeover.ts";
import type { Throughput } from "./throughput.ts";

/** A figure held against what it should be. */
export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly got: number;
  readonly isMet: boolean;
}

/** Of throughput by ratio: subjects, contender, other, at least. */
const RATIOS = [
  ["uniform", "freshet-floors-off", "noop", 0.7],
  ["uniform", "freshet-floors-on", "noop", 0.6],
  ["uniform", "freshet-floors-off", "go", 0.95],
  ["zipf", "freshet-floors-off", "noop", 0.9],
  ["zipf", "freshet-floors-on", "noop", 0.8],
  ["zipf", "freshet-floors-off", "go", 1],
] as const;
const LATENCY_MAX = { p50Ms: 1.3, p99Ms: 1.5 };
const BACKLOG = 1_000_000;
const RSS_MAX_MB = 250;
/** The session timeout (packages/kafka/src/kafkajs-settings.ts), and five seconds. */
const TAKEOVER_MAX_SECONDS = 25;

/** What was measured, against the goals. What was not has none; memory counts with a backlog of a million and more. */
export function goalsOf(measured: {
  readonly throughput: readonly Throughput[];
  readonly latency: readonly Latency[];
  readonly takeover: Takeover | null;
}): Goal[] {
  const { throughput, latency, takeover } = measured;
  const ratios = RATIOS.flatMap(([subjects, name, other, least]) => {
    const got = throughput.find((one) => one.subjects === subjects && one.name === name)?.ratios[other];
    return got === undefined ? [] : [{ what: `${subjects} ${name} against ${other}`, wanted: `>= ${least}`, got, isMet: got >= least }];
  });
  const memory = throughput
    .filter(({ name, events }) => name.startsWith("freshet") && events >= BACKLOG)
    .map(({ subjects, name, rssMb }) => atMost(`memory of ${name} with a backlog, ${subjects} (MB)`, rssMb, RSS_MAX_MB));
  const waits = latency
    .filter(({ name }) => name === "freshet")
    .flatMap((own) => {
      const bare = latency.find(({ name, perSecond }) => name === "bare" && perSecond === own.perSecond);
      if (bare === undefined) return [];
      const against = (quantile: "p50Ms" | "p99Ms") => Math.round((own[quantile] / bare[quantile]) * 1000) / 1000;
      const what = (quantile: string) => `latency at ${own.perSecond}/s against bare, ${quantile}`;
      return [atMost(what("p50"), against("p50Ms"), LATENCY_MAX.p50Ms), atMost(what("p99"), against("p99Ms"), LATENCY_MAX.p99Ms)];
    });
  const dead = takeover === null ? [] : [atMost("takeover after a kill (s)", takeover.seconds, TAKEOVER_MAX_SECONDS)];
  return [...ratios, ...memory, ...waits, ...dead];
}

/** Met up to and with `most`; a figure that is no number misses. */
export function atMost(what: string, got: number, most: number): Goal {
  return { what, wanted: `<= ${most}`, got, isMet: got <= most };
}
