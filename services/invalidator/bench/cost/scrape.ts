// What one scrape costs the process that is scraped: a real service that has all partitions of a large topic, by its own CPU clock.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import kafkajs from "kafkajs";
import { deployService, freePort } from "../intake/service.ts";
import { eventText, type Workload } from "../workload.ts";
import { medianOf, rounded } from "./median.ts";

/**
 * What the service has to tell of each partition: that it is caught up; or that its records are behind and how old they are, for which
 * brokers must show the oldest record of each.
 */
const situations = ["applied", "behind"] as const;
export type Situation = (typeof situations)[number];

export interface ScrapeCost {
  readonly situation: Situation;
  readonly partitions: number;
  readonly scrapes: number;
  readonly bytes: number;
  /** User and system time of the process from before the request until its answer was there. */
  readonly cpuMs: number;
  readonly cpuMsWorst: number;
  /** The same for as long without a request: fetching and heartbeats, which are in `cpuMs` as well. */
  readonly idleCpuMs: number;
  readonly wallMs: number;
}

export interface ScrapeOptions {
  readonly workload: Workload;
  readonly partitions: number;
  readonly scrapes: number;
  readonly say: (text: string) => void;
}

/** Longer than figures of the last look count as fresh: each scrape asks the brokers. */
const EVERY_MS = 700;
const READY_TIMEOUT_MS = 180_000;
const NOWHERE = "redis://127.0.0.1:1";

export async function measureScrape(options: ScrapeOptions): Promise<ScrapeCost[]> {
  const { workload, partitions, say } = options;
  say(`scrape: a topic of ${partitions} partitions, a record in each …`);
  await fillPartitions(workload, partitions);
  const results: ScrapeCost[] = [];
  for (const situation of situations.toReversed()) results.push(await measureOne(situation, options));
  return results;
}

async function fillPartitions({ broker, topic }: Workload, partitions: number): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  // A broker tells of leaders before it has made all of their logs
  const retry = { retries: 30, maxRetryTime: 2000 };
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, retry });
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
  const messages = Array.from({ length: partitions }, (_, id) => ({ partition: id, key: String(id), value: eventText(id, 1) }));
  await producer.send({ topic, messages });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}

async function measureOne(situation: Situation, { workload, partitions, scrapes, say }: ScrapeOptions): Promise<ScrapeCost> {
  const deployment = await deployService({ ...workload, prefix: `${workload.topic}:` }, "managed");
  const port = await freePort();
  // Without Redis nothing is applied: the service waits before it joins the group.
  const redis = situation === "behind" ? { FRESHET_REDIS_URL: NOWHERE, FRESHET_LOG_LEVEL: "silent" } : {};
  const child = fork(new URL("watched.ts", import.meta.url), {
    execArgv: ["--no-warnings", "--max-semi-space-size=16"],
    env: { ...deployment.env, ...redis, FRESHET_HTTP_PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = once(child, "close");
  try {
    const bytes = await untilTold({ port, situation, partitions });
    const taken: Taken[] = [];
    while (taken.length < scrapes) taken.push(await scrapeOnce(child, port));
    const cpuMs = rounded(medianOf(taken.map((one) => one.cpuMs)));
    say(`scrape: ${situation}: ${cpuMs} ms of CPU`);
    return {
      situation,
      partitions,
      scrapes,
      bytes,
      cpuMs,
      cpuMsWorst: rounded(Math.max(...taken.map((one) => one.cpuMs))),
      idleCpuMs: rounded(medianOf(taken.map((one) => one.idleCpuMs))),
      wallMs: rounded(medianOf(taken.map((one) => one.wallMs))),
    };
  } finally {
    child.kill("SIGTERM");
    await ended;
    deployment.close();
  }
}

type Taken = Pick<ScrapeCost, "cpuMs" | "idleCpuMs" | "wallMs">;

async function scrapeOnce(child: ChildProcess, port: number): Promise<Taken> {
  await pause(EVERY_MS);
  const beforeMs = await cpuOf(child);
  const startedMs = performance.now();
  await pageOf(port);
  const wallMs = performance.now() - startedMs;
  const cpuMs = (await cpuOf(child)) - beforeMs;
  await pause(EVERY_MS);
  const idleBeforeMs = await cpuOf(child);
  await pause(wallMs);
  return { cpuMs, wallMs, idleCpuMs: (await cpuOf(child)) - idleBeforeMs };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = once(child, "message");
  child.send("cpu");
  const [{ user, system }] = await answer;
  return (user + system) / 1000;
}

/** Answers with the size of the page once it says of each partition what is wanted. */
async function untilTold({
  port,
  situation,
  partitions,
}: { port: number } & Pick<ScrapeCost, "situation" | "partitions">): Promise<number> {
  const wanted = situation === "applied" ? /^freshet_partition_state\{.*state="caught_up"\} 1$/gm : ageAboveZero;
  const endMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const page = await pageOf(port).catch(() => "");
    const told = page.match(wanted)?.length ?? 0;
    if (told === partitions) return page.length;
    if (performance.now() > endMs) throw new Error(`${situation}: the service told of ${told} partitions`);
    await pause(EVERY_MS);
  }
}

const ageAboveZero = /^freshet_oldest_unapplied_age_seconds\{topic="[^"]+",partition="\d+"\} (?!0$)/gm;

async function pageOf(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return response.text();
}
