import { setTimeout as pause } from "node:timers/promises";
import { freshPrefix, type OwnKafka, type OwnRedis, startKafka, startRedis } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { soakMinutes, testSeed } from "../config.js";
import { checkDeadLetters } from "../dead-letters.js";
import { cleanUp, drained, openScene, prepare, type Scene, stopped } from "../scene.js";
import type { ServiceProcess } from "../service-process.js";
import { type Figure, grewBy, sampleMemory } from "./memory.js";

const PER_SECOND = 500;
const ROUND = { events: 10_000, products: 2000, partitions: 6 };
const IDLE_MS = 30_000;
/** Connections, timers and caches come to rest. */
const REST_MS = 15_000;
const IDLE_CPU_MAX = 0.01;
/** Between the second quarter of the run and the last: what a leak of 30 bytes a record would exceed within the hour. */
const GROWTH_MAX_MB = 40;

/** As `freshet run` starts the service (packages/cli/bin/freshet.mjs). */
const AS_DEPLOYED = { NODE_OPTIONS: "--max-semi-space-size=16", MALLOC_ARENA_MAX: "1" };

const minutes = soakMinutes();
const tell = (text: string): void => void process.stdout.write(`soak:intake  ${text}\n`);
let kafka: OwnKafka;
let redis: OwnRedis;
let scene: Scene;

beforeAll(async () => {
  [kafka, redis] = await Promise.all([startKafka(), startRedis()]);
  scene = await openScene({ name: freshPrefix("soak"), broker: kafka.broker, redisUrl: redis.url, partitions: ROUND.partitions });
}, 240_000);

afterAll(async () => {
  await scene?.close();
  await redis?.close();
  await kafka?.close();
});

test(
  `${minutes} minutes of records: each accounted for, memory flat, and next to no CPU when idle`,
  async () => {
    const service = await scene.start({ env: AS_DEPLOYED });
    const seed = testSeed();
    const endMs = performance.now() + minutes * 60_000;
    tell(`${minutes} minutes at ${PER_SECOND} records/s, seed ${seed}`);
    const memory = sampleMemory(service);
    const totals = { records: 0, letters: 0, rounds: 0 };
    try {
      while (performance.now() < endMs || totals.rounds === 0) {
        const round = await soakRound(service, { seed: seed + totals.rounds, before: totals.records });
        totals.rounds++;
        totals.records += round.records;
        totals.letters += round.letters;
      }
    } finally {
      await memory.stop();
    }
    tell(`${totals.records} records in ${totals.rounds} rounds, ${totals.letters} dead letters, none unaccounted for`);

    const figures = memory.figures();
    const [rss, heap] = [grewBy(figures, "rssMb"), grewBy(figures, "heapMb")];
    tell(`resident memory ${describe(rss)}; heap ${describe(heap)}; ${figures.length} samples`);
    const idle = await idleCpu(service);
    tell(`idle CPU ${(100 * idle).toFixed(2)} % of a core over ${IDLE_MS / 1000} s`);
    expect(await service.metric("freshet_events_total")).toBe(totals.records);
    expect(idle).toBeLessThan(IDLE_CPU_MAX);
    expect(rss.lateMb - rss.earlyMb).toBeLessThan(GROWTH_MAX_MB);
    expect(heap.lateMb - heap.earlyMb).toBeLessThan(GROWTH_MAX_MB);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  },
  minutes * 60_000 + 600_000,
);

/** A workload of its own beginning to its end, by the oracle. */
async function soakRound(
  service: ServiceProcess,
  { seed, before }: { readonly seed: number; readonly before: number },
): Promise<{ records: number; letters: number }> {
  const act = await prepare(scene, { seed, size: ROUND, entriesPerKind: Math.ceil(ROUND.products * 1.05) });
  try {
    const { sent } = act.workload;
    const places = await scene.topics.send(scene.topic, sent, PER_SECOND);
    await drained(scene, service, before + sent.length);
    expect((await act.differences()).slice(0, 20)).toEqual([]);
    const own = new Set(places.map(({ partition, offset }) => `${partition}/${offset}`));
    const all = await scene.topics.readAll(scene.deadLetterTopic);
    const letters = all.filter(({ headers }) => {
      const at = (name: string) => headers.get(`__dlq.errors.${name}`)?.[0]?.toString();
      return own.has(`${at("partition")}/${at("offset")}`);
    });
    const report = checkDeadLetters({ letters, sent, places, expected: act.expected });
    expect(report).toEqual({ wrong: [], missing: [], letters: act.expected.counts.dead });
    return { records: sent.length, letters: letters.length };
  } finally {
    await cleanUp(scene, act);
  }
}

/** Of one core: user and system time of the process over a while in which no record comes. */
async function idleCpu(service: ServiceProcess): Promise<number> {
  await pause(REST_MS);
  const spent = () => service.metric("process_cpu_seconds_total");
  const [before, startedMs] = [await spent(), performance.now()];
  await pause(IDLE_MS); // the time that is measured
  return ((await spent()) - before) / ((performance.now() - startedMs) / 1000);
}

function describe({ earlyMb, lateMb }: Figure): string {
  return `${earlyMb.toFixed(0)} MB in the second quarter of the run, ${lateMb.toFixed(0)} MB in the last`;
}
