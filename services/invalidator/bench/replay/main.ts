// How fast history is replayed dry, against the service itself in the same run: the same events, rules and Redis, each a process of
// its own, one after the other. Memory must not grow with the events.
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import type { Report } from "../report.ts";
import { type EntryLayout, putBack, type Workload, writeEvents } from "../workload.ts";

const RATIO_MIN = 0.7;
const SUBJECTS = 50_000;
const LAYOUT: EntryLayout = "managed";
/** As `freshet run` starts the service (packages/cli/bin/freshet.mjs). */
const SERVICE = { flags: ["--max-semi-space-size=16"], env: { MALLOC_ARENA_MAX: "1" } };

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "string" }, events: { type: "string" } },
});
const wanted = values.events === undefined ? (values.quick ? 500_000 : 1_000_000) : Number.parseInt(values.events, 10);
const subjects = Math.min(SUBJECTS, wanted);
const workload: Workload = {
  broker: process.env.FRESHET_TEST_KAFKA ?? "",
  redisUrl: process.env.FRESHET_TEST_REDIS ?? "",
  topic: `bench-replay-${process.pid}-${Date.now()}`,
  prefix: "",
  events: wanted - (wanted % subjects),
  subjects,
};
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const redis = new Redis(workload.redisUrl);

say(`writing ${workload.events} events of ${workload.subjects} subjects …`);
await writeEvents(workload);
// The first reader of a fresh topic pays for pages that the second finds in memory: one pass does not count.
await measure("warm-up", new URL("dry.ts", import.meta.url));
const service = await measure("service", new URL("../freshet.ts", import.meta.url));
const replay = await measure("replay-dry", new URL("dry.ts", import.meta.url));
redis.disconnect();
const ratio = Math.round((replay.eventsPerSecond / service.eventsPerSecond) * 1000) / 1000;
const results = [
  { ...service, ratios: {} },
  { ...replay, ratios: { service: ratio } },
];
for (const { name, eventsPerSecond, rssMb } of results)
  process.stdout.write(`${name.padEnd(12)} ${`${eventsPerSecond} events/s`.padStart(18)} ${`${rssMb} MB`.padStart(8)}\n`);
process.stdout.write(`replay-dry is ${ratio} x service; ${RATIO_MIN} is wanted\n`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ node: process.version, events: workload.events, results }, null, 2)}\n`);
if (ratio < RATIO_MIN) process.exitCode = 1;

async function measure(name: string, script: URL): Promise<{ name: string; eventsPerSecond: number; rssMb: number }> {
  const own: Workload = { ...workload, prefix: `${workload.topic}-${name}:` };
  await putBack(redis, own, { layout: LAYOUT, round: 0 });
  const child = fork(script, [JSON.stringify({ ...own, layout: LAYOUT })], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: ["--no-warnings", ...SERVICE.flags],
    env: { ...process.env, ...SERVICE.env },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Report & { kind: "done" }>();
  child.on("message", (report: Report) => {
    if (report.kind === "done") resolve(report);
  });
  child.on("exit", (code) => reject(new Error(`${name} ended with ${code} before it was done`)));
  const report = await promise;
  const eventsPerSecond = Math.round(report.records / report.seconds);
  say(`${name}: ${eventsPerSecond} events/s`);
  return { name, eventsPerSecond, rssMb: Math.round(report.rssMb) };
}
