import { setTimeout as pause } from "node:timers/promises";
import type { ServiceProcess } from "../service-process.js";

/** How the records that services have counted grow. */
export interface Progress {
  /** Of all services, also of those that are gone: what they had counted when they were last asked. */
  total(): number;
  /** Begins to measure anew. */
  mark(): void;
  /** The longest time without a record since `mark`, in milliseconds. */
  longestStopMs(): number;
  stop(): Promise<void>;
}

const POLL_MS = 200;

export function watchProgress(services: readonly ServiceProcess[]): Progress {
  const counts = new Map<ServiceProcess, number>();
  const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);
  let isOver = false;
  let movedMs = performance.now();
  let longestMs = 0;
  const look = async () => {
    const before = total();
    for (const service of services.filter((one) => !one.isGone())) {
      const count = await service.metric("freshet_events_total");
      counts.set(service, Math.max(count, counts.get(service) ?? 0));
    }
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - movedMs);
    if (total() > before) movedMs = nowMs;
  };
  const watching = (async () => {
    while (!isOver) {
      await look();
      await pause(POLL_MS); // a sampler's pace, not a wait for anything
    }
  })();
  return {
    total,
    mark: () => {
      movedMs = performance.now();
      longestMs = 0;
    },
    longestStopMs: () => longestMs,
    stop: async () => {
      isOver = true;
      await watching;
    },
  };
}
