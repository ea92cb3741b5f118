// What `freshet dlq stats` and `list` take over 100,000 dead letters, against merely reading them; and what memory they need, against a
// tenth of the letters. Each reading is a process of its own. `--json FILE` writes the results too.
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { createKafkajsPort } from "@freshet/kafka";
import { type Incident, writeIncident } from "./letters.ts";
import type { ReaderOrder, ReaderReport } from "./reader.ts";

interface Start {
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const TIMES_READING_MAX = 3;
/** With a heap so small that garbage does not hide growth, and one arena for what lies outside of it. */
const TIGHT: Start = { flags: ["--max-semi-space-size=4", "--max-old-space-size=64"], env: { MALLOC_ARENA_MAX: "1" } };
const ROOMY: Start = { flags: [], env: {} };
/** What ten times the letters may cost more: buffers of fetches on their way. */
const GROWTH_MB_MAX = 48;

const { values } = parseArgs({
  options: { json: { type: "string" }, letters: { type: "string", default: "100000" }, rounds: { type: "string", default: "5" } },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const broker = process.env.FRESHET_TEST_KAFKA ?? "";
const letters = Number.parseInt(values.letters, 10);
const rounds = Number.parseInt(values.rounds, 10);
const name = `bench-${process.pid}-${Date.now()}`;
const whole: Incident = { broker, deployment: name, letters };
const tenth: Incident = { broker, deployment: `${name}-tenth`, letters: Math.floor(letters / 10) };

say(`writing ${letters} dead letters …`);
const kafka = createKafkajsPort({ brokers: [broker], clientId: "bench", clock: { nowMs: () => Date.now() } });
for (const incident of [whole, tenth]) await writeIncident(kafka, incident);
await kafka.close();

await readOnce("read", whole); // a broker that has just written would slow down only whoever comes first
const positions: ReaderReport[] = [];
const reading: ReaderReport[] = [];
const stats: ReaderReport[] = [];
const list: ReaderReport[] = [];
for (let round = 0; round < rounds; round++) {
  positions.push(await readOnce("positions", whole));
  reading.push(await readOnce("read", whole));
  stats.push(await readOnce("stats", whole));
  list.push(await readOnce("list", whole));
}
const [large, small] = [await readOnce("stats", whole, TIGHT), await readOnce("stats", tenth, TIGHT)];
finish(Math.round(large.rssMb - small.rssMb));

async function readOnce(way: ReaderOrder["way"], incident: Incident, { flags, env }: Start = ROOMY): Promise<ReaderReport> {
  const order: ReaderOrder = { ...incident, way };
  const options = { execArgv: ["--no-warnings", ...flags], env: { ...process.env, ...env } };
  const child = fork(new URL("reader.ts", import.meta.url), [JSON.stringify(order)], options);
  let report: ReaderReport | null = null;
  child.on("message", (told: ReaderReport) => {
    report = told;
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return checked(way, incident, report ?? code ?? -1);
}

/** One that died says nothing; its exit code stands for it. */
function checked(way: ReaderOrder["way"], incident: Incident, report: ReaderReport | number): ReaderReport {
  if (typeof report === "number") throw new Error(`the reader of ${way} ended with ${report} and told nothing`);
  if (report.letters !== incident.letters) throw new Error(`${way} saw ${report.letters} of ${incident.letters} letters`);
  return report;
}

function finish(growthMb: number): void {
  const median = (reports: readonly ReaderReport[], member: "seconds" | "cpuSeconds" | "rssMb"): number =>
    reports.map((report) => report[member]).toSorted((a, b) => a - b)[Math.floor(reports.length / 2)] ?? Number.NaN;
  const round = (value: number): number => Math.round(value * 100) / 100;
  const row = (reports: readonly ReaderReport[]) => ({
    seconds: round(median(reports, "seconds")),
    cpuSeconds: round(median(reports, "cpuSeconds")),
    rssMb: Math.round(median(reports, "rssMb")),
    timesReading: round(median(reports, "seconds") / median(reading, "seconds")),
    timesReadingCpu: round(median(reports, "cpuSeconds") / median(reading, "cpuSeconds")),
  });
  const rows = { positions: row(positions), read: row(reading), stats: row(stats), list: row(list) };
  for (const [way, { seconds, cpuSeconds, rssMb, timesReading, timesReadingCpu }] of Object.entries(rows)) {
    process.stdout.write(
      `${way.padEnd(9)} ${seconds} s, ${timesReading} x reading · CPU ${cpuSeconds} s, ${timesReadingCpu} x · ${rssMb} MB\n`,
    );
  }
  process.stdout.write(`with a heap of 64 MB, ${letters} letters take ${growthMb} MB more than a tenth of them\n`);
  const results = { letters, rounds, ...rows, growthMb };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ node: process.version, ...results }, null, 2)}\n`);
  const targets: readonly (readonly [boolean, string])[] = [
    [rows.stats.timesReading < TIMES_READING_MAX, `stats took ${TIMES_READING_MAX} x the time of reading, or more`],
    [rows.list.timesReading < TIMES_READING_MAX, `list took ${TIMES_READING_MAX} x the time of reading, or more`],
    [growthMb <= GROWTH_MB_MAX, `memory grew by more than ${GROWTH_MB_MAX} MB`],
  ];
  for (const [isMet, text] of targets) if (!isMet) say(`missed: ${text}`);
  process.exitCode = targets.every(([isMet]) => isMet) ? 0 : 1;
}
