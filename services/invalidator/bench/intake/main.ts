// npm run bench -- --suite intake: how fast events come in, how soon they bust, what that takes, and how soon a dead process' work goes on.
// Everything runs in turn within one run, and is held against the goals by ratio. Exit code 1 when a goal is missed, but for --quick.
import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Workload } from "../workload.ts";
import { buildGoPeer } from "./go-peer.ts";
import { type Goal, goalsOf } from "./goals.ts";
import { type Latency, measureLatency } from "./latency.ts";
import { measureTakeover, type Takeover } from "./takeover.ts";
import { measureThroughput, type Subjects, type Throughput } from "./throughput.ts";

const SUBJECTS = 50_000;
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string", default: "uniform,zipf,latency,takeover" },
    events: { type: "string" },
    rounds: { type: "string", default: "1" },
    seconds: { type: "string" },
  },
});
const wanted = values.events === undefined ? (values.quick ? 200_000 : 1_000_000) : Number.parseInt(values.events, 10);
const seconds = values.seconds === undefined ? (values.quick ? 5 : 20) : Number.parseInt(values.seconds, 10);
const subjects = Math.min(SUBJECTS, Math.ceil(wanted / 8)); // rounds enough to put entries back in between
const rounds = Number.parseInt(values.rounds, 10);
const parts = new Set(values.only.split(","));
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const workload = (part: string): Workload => ({
  broker: process.env.FRESHET_TEST_KAFKA ?? "",
  redisUrl: process.env.FRESHET_TEST_REDIS ?? "",
  topic: `bench-${part}-${process.pid}-${Date.now()}`,
  prefix: "",
  events: wanted - (wanted % subjects),
  subjects,
});

const throughput: Throughput[] = [];
let latency: Latency[] = [];
let takeover: Takeover | null = null;
let go: string | null = null;
if (parts.has("uniform") || parts.has("zipf")) {
  const goPeer = await buildGoPeer();
  go = "missing" in goPeer ? goPeer.missing : goPeer.version;
  try {
    for (const kind of (["uniform", "zipf"] as const satisfies Subjects[]).filter((one) => parts.has(one)))
      throughput.push(...(await measureThroughput({ subjects: kind, workload: workload("intake"), goPeer, rounds, say })));
  } finally {
    if ("close" in goPeer) goPeer.close();
  }
}
if (parts.has("latency")) latency = await measureLatency({ workload: workload("latency"), seconds, say });
if (parts.has("takeover")) takeover = await measureTakeover({ workload: workload("takeover"), say });

const goals: readonly Goal[] = goalsOf({ throughput, latency, takeover });
for (const { subjects: kind, name, eventsPerSecond, ratios, rssMb, cpuMicrosecondsPerEvent } of throughput) {
  const against = Object.entries(ratios).map(([other, ratio]) => `${ratio.toFixed(3)} x ${other}`);
  const row = [kind.padEnd(8), name.padEnd(19), `${eventsPerSecond} events/s`.padStart(18), `${rssMb} MB`.padStart(8)];
  process.stdout.write(`${[...row, `${cpuMicrosecondsPerEvent} us CPU/event`.padStart(20), ...against].join("  ")}\n`);
}
for (const { perSecond, name, p50Ms, p99Ms } of latency)
  process.stdout.write(`latency  ${name.padEnd(19)} at ${perSecond}/s: p50 ${p50Ms} ms, p99 ${p99Ms} ms\n`);
if (takeover !== null) process.stdout.write(`takeover ${takeover.seconds} s, ${takeover.partitionsMoved} partitions\n`);
for (const { what, wanted: goal, got, isMet } of goals)
  process.stdout.write(`${isMet ? "met   " : "MISSED"}  ${what}: ${got}, goal ${goal}\n`);
if (values.json !== undefined) {
  const facts = { node: process.version, go, events: workload("").events, throughput, latency, takeover, goals };
  writeFileSync(values.json, `${JSON.stringify(facts, null, 2)}\n`);
}
if (!values.quick && goals.some(({ isMet }) => !isMet)) process.exitCode = 1;
