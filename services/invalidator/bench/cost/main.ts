// npm run bench -- --suite cost: what metrics, scrapes and a start cost, each against its goal, and how large the image is. Exit code 1 when a
// goal is missed, but for --quick.
import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Workload } from "../workload.ts";
import { goalsOf } from "./goals.ts";
import { type ImageSize, measureImage } from "./image.ts";
import { type MetricsCost, measureMetrics } from "./metrics.ts";
import { measureScrape, type ScrapeCost } from "./scrape.ts";
import { measureStart, type StartCost } from "./start.ts";

const SUBJECTS = 50_000;
const SIZES = {
  full: { events: 1_000_000, pairs: 10, partitions: 500, scrapes: 20, rounds: 7 },
  quick: { events: 40_000, pairs: 1, partitions: 60, scrapes: 2, rounds: 1 },
};

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string", default: "metrics,scrape,start,image" },
    events: { type: "string" },
    pairs: { type: "string" },
    partitions: { type: "string" },
    scrapes: { type: "string" },
    rounds: { type: "string" },
    image: { type: "string", default: "freshet-invalidator:local" },
  },
});
const sizes = SIZES[values.quick ? "quick" : "full"];
const sizeOf = (name: keyof typeof sizes): number => Number.parseInt(values[name] ?? String(sizes[name]), 10);
const parts = new Set(values.only.split(","));
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const events = sizeOf("events");
const subjects = Math.min(SUBJECTS, Math.ceil(events / 8)); // rounds enough to put entries back in between
const workload = (part: string): Workload => ({
  broker: process.env.FRESHET_TEST_KAFKA ?? "",
  redisUrl: process.env.FRESHET_TEST_REDIS ?? "",
  topic: `bench-${part}-${process.pid}-${Date.now()}`,
  prefix: "",
  events: events - (events % subjects),
  subjects,
});

let metrics: MetricsCost | null = null;
let scrape: ScrapeCost[] = [];
let start: StartCost[] = [];
let image: ImageSize | null = null;
if (parts.has("metrics")) metrics = await measureMetrics({ workload: workload("metrics"), pairs: sizeOf("pairs"), say });
if (parts.has("start")) start = await measureStart({ workload: workload("start"), rounds: sizeOf("rounds"), say });
// Last: a broker with five hundred partitions more is slower for everybody.
if (parts.has("scrape"))
  scrape = await measureScrape({ workload: workload("scrape"), partitions: sizeOf("partitions"), scrapes: sizeOf("scrapes"), say });
if (parts.has("image")) image = await measureImage(values.image);

for (const { onEventsPerSecond, offEventsPerSecond, share, cpuShare } of metrics?.pairs ?? [])
  print(`metrics  on ${onEventsPerSecond} events/s  off ${offEventsPerSecond} events/s  cost ${share}  of CPU ${cpuShare}`);
if (metrics !== null)
  print(`metrics  cost ${metrics.shareMedian} of events/s, ${metrics.cpuShareMedian} of CPU, medians of ${metrics.pairs.length}`);
for (const { situation, partitions, bytes, cpuMs, cpuMsWorst, idleCpuMs, wallMs } of scrape) {
  const cpu = `${cpuMs} ms of CPU (worst ${cpuMsWorst}; as long without a scrape ${idleCpuMs})`;
  print(`scrape   ${partitions} partitions ${situation}: ${cpu}, answered in ${wallMs} ms, ${bytes} bytes`);
}
for (const { broker, serviceMsMedian, bareMsMedian, ratioMedian, rounds } of start) {
  const where = broker === "default" ? "Kafka's default delay" : "the bench's broker";
  print(
    `start    ${where}: first bust after ${serviceMsMedian} ms, bare ${bareMsMedian} ms: ${ratioMedian} x, medians of ${rounds.length}`,
  );
}
if (image !== null)
  print(
    "missing" in image
      ? `image    not measured: ${image.missing}`
      : `image    ${image.name} ${image.megabytes} MB, built ${image.createdAt}`,
  );
const goals = goalsOf({ metrics, scrape, start });
for (const { what, wanted, got, isMet } of goals) print(`${isMet ? "met   " : "MISSED"}  ${what}: ${got}, goal ${wanted}`);
if (values.json !== undefined) {
  const facts = { node: process.version, metrics, scrape, start, image, goals };
  writeFileSync(values.json, `${JSON.stringify(facts, null, 2)}\n`);
}
if (!values.quick && goals.some(({ isMet }) => !isMet)) process.exitCode = 1;
