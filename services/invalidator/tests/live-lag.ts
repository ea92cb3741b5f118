import { setTimeout as pause } from "node:timers/promises";
import type { SentRecord } from "./oracle.js";
import type { Scene } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";
import type { Place } from "./topics.js";

const SAMPLE_MS = 50;

export interface LiveTraffic {
  readonly places: readonly Place[];
  /** How far the service was behind what was sent, in milliseconds, 99 times out of 100. */
  readonly lagP99Ms: number;
}

/** Sends records at a pace and watches how far behind them the service is, by the records it has counted. */
export async function sendWatched(
  scene: Scene,
  service: ServiceProcess,
  live: { readonly records: readonly SentRecord[]; readonly perSecond: number },
): Promise<LiveTraffic> {
  const { records, perSecond } = live;
  const before = await service.metric("freshet_events_total");
  const startedMs = Date.now();
  const over = new AbortController();
  const lags: number[] = [];
  const watching = (async () => {
    while (!over.signal.aborted) {
      const done = (await service.metric("freshet_events_total")) - before;
      if (done < records.length) lags.push(Math.max(0, Date.now() - startedMs - (done * 1000) / perSecond));
      await pause(SAMPLE_MS, undefined, { signal: over.signal }).catch(() => {}); // a sampler's pace, not a wait for anything
    }
  })();
  const places = await scene.topics.send(scene.topic, records, perSecond);
  over.abort();
  await watching;
  lags.sort((a, b) => a - b);
  return { places, lagP99Ms: lags[Math.floor(lags.length * 0.99)] ?? 0 };
}
