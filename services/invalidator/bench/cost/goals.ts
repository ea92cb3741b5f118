import { atMost, type Goal } from "../intake/goals.ts";
import type { MetricsCost } from "./metrics.ts";
import type { ScrapeCost } from "./scrape.ts";
import type { StartCost } from "./start.ts";

const METRICS_SHARE_MAX = 0.05;
const SCRAPE_CPU_MAX_MS = 50;
/** The goal counts for as many partitions, or more. */
const PARTITIONS = 500;
/** On a broker as it comes. Where new groups get partitions at once, loading the programs is most of both, and only told. */
const START_RATIO_MAX = 1.3;

/** What was measured, against the goals. What was not has none. */
export function goalsOf(measured: {
  readonly metrics: MetricsCost | null;
  readonly scrape: readonly ScrapeCost[];
  readonly start: readonly StartCost[];
}): Goal[] {
  const { metrics, scrape, start } = measured;
  return [
    ...(metrics === null ? [] : [atMost("part of events/s that metrics cost, median", metrics.shareMedian, METRICS_SHARE_MAX)]),
    ...scrape
      .filter(({ partitions }) => partitions >= PARTITIONS)
      .map((one) => atMost(`CPU of a scrape of ${one.partitions} partitions, ${one.situation} (ms)`, one.cpuMs, SCRAPE_CPU_MAX_MS)),
    ...start
      .filter(({ broker }) => broker === "default")
      .map(({ ratioMedian }) => atMost("start to first bust against bare kafkajs, median", ratioMedian, START_RATIO_MAX)),
  ];
}
