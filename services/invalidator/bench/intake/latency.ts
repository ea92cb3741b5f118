// From publishing an event to its key being gone: the service, and a bare consumer that only unlinks.
import type { Workload } from "../workload.ts";
import { allGone, openProbe, type Published } from "./probe.ts";
import { deployService, type Running, startScript } from "./service.ts";

export interface Latency {
  readonly perSecond: number;
  readonly name: string;
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const PACES = [200, 1000];
const WARM_UP_MS = 3000;
const START_TIMEOUT_MS = 60_000;

export async function measureLatency(options: {
  readonly workload: Workload;
  readonly seconds: number;
  readonly say: (text: string) => void;
}): Promise<Latency[]> {
  const results: Latency[] = [];
  for (const name of ["bare", "freshet"]) {
    const topic = `${options.workload.topic}-${name}`;
    const workload = { ...options.workload, topic, prefix: `${topic}:` };
    const probe = await openProbe(workload);
    const deployment = name === "bare" ? null : await deployService(workload, "hash-and-json");
    const running: Running = deployment === null ? startScript("bare.ts", workload) : await deployment.start();
    try {
      await allGone(await probe.publish(20, WARM_UP_MS), START_TIMEOUT_MS); // it has joined, and its code is warm
      for (const perSecond of PACES) {
        await allGone(await probe.publish(perSecond, WARM_UP_MS), START_TIMEOUT_MS);
        const events = await probe.publish(perSecond, options.seconds * 1000);
        await allGone(events, START_TIMEOUT_MS);
        const result = { perSecond, name, events: events.length, p50Ms: quantile(events, 0.5), p99Ms: quantile(events, 0.99) };
        options.say(`latency ${name} at ${perSecond}/s: p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms`);
        results.push(result);
      }
    } finally {
      running.kill("SIGTERM");
      await running.ended;
      deployment?.close();
      await probe.close();
    }
  }
  return results;
}

function quantile(events: readonly Published[], share: number): number {
  const waits = events.map(({ atMs, goneMs }) => (goneMs ?? Number.POSITIVE_INFINITY) - atMs).sort((a, b) => a - b);
  return Math.round((waits[Math.floor(waits.length * share)] ?? 0) * 10) / 10;
}
