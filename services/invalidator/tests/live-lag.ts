import { setTimeout as pause } from "node:timers/promises";
import type { SentRecord } from "./oracle.js";
import type { Scene } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";

const STEP_MS = 50;

export interface LiveTraffic {
  /** How long the oldest record that the service had not counted was in the topic, in milliseconds, 99 times out of 100. */
  readonly lagP99Ms: number;
}

/** Sends records at a pace, and watches how far behind them the service is, by the records it has counted. */
export async function sendWatched(
  scene: Scene,
  service: ServiceProcess,
  live: { readonly records: readonly SentRecord[]; readonly perSecond: number },
): Promise<LiveTraffic> {
  const { records, perSecond } = live;
  const before = await service.metric("freshet_events_total");
  /** When each of them was in the topic; the pace itself may stumble where the machine is busy, and is no lag of the service. */
  const sentMs: number[] = [];
  const lags: number[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const done = (await service.metric("freshet_events_total")) - before;
      lags.push(Math.max(0, Date.now() - (sentMs[done] ?? Date.now())));
      await pause(STEP_MS); // a sampler's pace, not a wait for anything
    }
  })();
  const startedMs = Date.now();
  while (sentMs.length < records.length) {
    const due = Math.ceil(((Date.now() - startedMs) * perSecond) / 1000);
    const chunk = records.slice(sentMs.length, due);
    if (chunk.length > 0) await scene.topics.send(scene.topic, chunk);
    for (let at = 0; at < chunk.length; at++) sentMs.push(Date.now());
    await pause(STEP_MS);
  }
  isOver = true;
  await watching;
  lags.sort((a, b) => a - b);
  return { lagP99Ms: lags[Math.floor(lags.length * 0.99)] ?? 0 };
}
