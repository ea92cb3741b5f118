// What counting costs: the service with all its metrics, scraped once, against the same without any, in turns on the same events.
import { Redis } from "ioredis";
import { type Figures, runScript } from "../intake/contender.ts";
import { freePort } from "../intake/service.ts";
import { countStale, type EntryLayout, putBack, roundsOf, type Workload, writeEvents } from "../workload.ts";
import { medianOf, rounded } from "./median.ts";

/** One turn of each. */
export interface MetricsPair {
  readonly onEventsPerSecond: number;
  readonly offEventsPerSecond: number;
  /** Of the events a second without metrics, the part that they cost. Below 0 where noise was larger. */
  readonly share: number;
  readonly cpuShare: number;
}

export interface MetricsCost {
  readonly events: number;
  readonly pairs: readonly MetricsPair[];
  readonly shareMedian: number;
  readonly cpuShareMedian: number;
}

/** The quicker of the two layouts: what metrics cost is a larger part of it. */
const LAYOUT: EntryLayout = "hash-and-json";
/** Nothing is put back this near the end: it would come after its subject's last change. */
const LAST_ROUNDS = 4;

export async function measureMetrics(options: {
  readonly workload: Workload;
  readonly pairs: number;
  readonly say: (text: string) => void;
}): Promise<MetricsCost> {
  const { pairs: wanted, say } = options;
  const workload = { ...options.workload, prefix: `${options.workload.topic}:` };
  const redis = new Redis(workload.redisUrl);
  try {
    say(`metrics: writing ${workload.events} events of ${workload.subjects} subjects …`);
    await writeEvents(workload);
    await runOnce({ redis, workload, isCounted: true }); // whoever comes first pays for a broker's cold pages
    const pairs: MetricsPair[] = [];
    while (pairs.length < wanted) pairs.push(await runPair({ redis, workload, isOnFirst: pairs.length % 2 === 0, say }));
    return {
      events: workload.events,
      pairs,
      shareMedian: rounded(medianOf(pairs.map(({ share }) => share))),
      cpuShareMedian: rounded(medianOf(pairs.map(({ cpuShare }) => cpuShare))),
    };
  } finally {
    redis.disconnect();
  }
}

interface Turn {
  readonly redis: Redis;
  readonly workload: Workload;
}

async function runPair({
  redis,
  workload,
  isOnFirst,
  say,
}: Turn & { isOnFirst: boolean; say: (text: string) => void }): Promise<MetricsPair> {
  const first = await runOnce({ redis, workload, isCounted: isOnFirst });
  const second = await runOnce({ redis, workload, isCounted: !isOnFirst });
  const [on, off] = isOnFirst ? [first, second] : [second, first];
  const pair = {
    onEventsPerSecond: Math.round(on.eventsPerSecond),
    offEventsPerSecond: Math.round(off.eventsPerSecond),
    share: rounded(1 - on.eventsPerSecond / off.eventsPerSecond),
    cpuShare: rounded(on.cpuMicrosecondsPerEvent / off.cpuMicrosecondsPerEvent - 1),
  };
  say(`metrics: on ${pair.onEventsPerSecond} events/s, off ${pair.offEventsPerSecond} events/s, cost ${pair.share}`);
  return pair;
}

async function runOnce({ redis, workload, isCounted }: Turn & { readonly isCounted: boolean }): Promise<Figures> {
  await putBack(redis, workload, { layout: LAYOUT, round: 0 });
  const httpPort = await freePort();
  let busy: Promise<unknown> = Promise.resolve();
  let passed = 0;
  let isScraped = !isCounted;
  const onProgress = (records: number): void => {
    const round = Math.floor(records / workload.subjects);
    if (round > passed && round <= roundsOf(workload) - LAST_ROUNDS) {
      passed = round;
      busy = busy.then(() => putBack(redis, workload, { layout: LAYOUT, round }));
    }
    // Once in the middle: three times as often, or more, as a Prometheus that comes every 15 s
    if (isScraped || records < workload.events / 2) return;
    isScraped = true;
    busy = Promise.all([busy, scrape(httpPort)]);
  };
  // Neither says anything but warnings: a line a slice is no metric
  const figures = await runScript("../freshet.ts", { ...workload, layout: LAYOUT, isCounted, httpPort, logLevel: "warn" }, onProgress);
  await busy;
  const stale = await countStale(redis, workload, LAYOUT);
  if (stale > 0) throw new Error(`${stale} entries are older than the last change of their subject`);
  return figures;
}

/** What is not a page of metrics would make the comparison worthless. A run may be over before it is asked. */
async function scrape(port: number): Promise<void> {
  const page = await fetch(`http://127.0.0.1:${port}/metrics`).then(
    (response) => response.text(),
    () => null,
  );
  if (page !== null && !page.includes("freshet_events_total")) throw new Error("the service has no metrics");
}
