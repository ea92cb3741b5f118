// The benchmarks, side by side in one run: the same broker, Redis and events, one contender after the other, each a
// process of its own. Prints a table, and writes it as JSON with `--json FILE`. `--quick` takes fewer events; `--rounds N` runs all of them so
// often, in turns, and tells medians.
import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import type { Report } from "./report.ts";
import { type Measured, type Summary, summarize } from "./rounds.ts";
import { countStale, type EntryLayout, putBack, removeEntries, roundsOf, type Workload, writeEvents } from "./workload.ts";

interface Contender {
  readonly name: string;
  readonly script: string;
  readonly layout: EntryLayout;
  readonly extra?: object;
  readonly start?: { readonly flags: readonly string[]; readonly env: NodeJS.ProcessEnv };
}

/** As `freshet run` starts the service (packages/cli/bin/freshet.mjs). */
const SERVICE = { flags: ["--max-semi-space-size=16"], env: { MALLOC_ARENA_MAX: "1" } };

const CONTENDERS: readonly Contender[] = [
  { name: "noop", script: "noop.ts", layout: "none" },
  { name: "parse", script: "noop.ts", layout: "none", extra: { parse: true } },
  { name: "obvious", script: "obvious.ts", layout: "hash" },
  { name: "freshet-floors-off", script: "freshet.ts", layout: "hash-and-json", start: SERVICE },
  { name: "freshet-floors-on", script: "freshet.ts", layout: "managed", start: SERVICE },
];
const SUBJECTS = 50_000;
const EVENTS = { full: 2_000_000, quick: 1_000_000 };
/** Nothing is put back this near the end: it would come after its subject's last change. */
const LAST_ROUNDS = 4;
/** Below this, `obvious` was not the program it should be compared with, and the whole run says nothing. */
const OBVIOUS_RATIO_MIN = 0.06;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string" },
    events: { type: "string" },
    rounds: { type: "string", default: "1" },
  },
});
const redisUrl = process.env.FRESHET_TEST_REDIS ?? "";
const events = values.events === undefined ? EVENTS[values.quick ? "quick" : "full"] : Number.parseInt(values.events, 10);
const workload: Workload = {
  broker: process.env.FRESHET_TEST_KAFKA ?? "",
  redisUrl,
  topic: `bench-${process.pid}-${Date.now()}`,
  prefix: "",
  events: events - (events % SUBJECTS),
  subjects: Math.min(SUBJECTS, events),
};
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const redis = new Redis(redisUrl);

say(`writing ${workload.events} events of ${workload.subjects} subjects …`);
await writeEvents(workload);
const wanted = CONTENDERS.filter(({ name }) => values.only === undefined || values.only.split(",").includes(name));
say("one pass that does not count: a broker that has just started would slow down only whoever comes first");
await measure({ name: "warm-up", script: "noop.ts", layout: "none" }, 0);
const rounds: Measured[][] = [];
while (rounds.length < Number.parseInt(values.rounds, 10)) {
  const round: Measured[] = [];
  rounds.push(round);
  for (const contender of wanted) round.push(await measure(contender, rounds.length));
}
redis.disconnect();
finish(summarize(rounds, ["noop", "obvious"]));

async function measure(contender: Contender, round: number): Promise<Measured> {
  const own: Workload = { ...workload, prefix: `${workload.topic}-${contender.name}-${round}:` };
  await putBack(redis, own, { layout: contender.layout, round: 0 });
  const argument = JSON.stringify({ ...own, layout: contender.layout, ...contender.extra });
  const child = fork(new URL(contender.script, import.meta.url), [argument], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: ["--no-warnings", ...(contender.start?.flags ?? [])],
    env: { ...process.env, ...contender.start?.env },
  });
  const report = await watch(child, own, contender.layout);
  const stale = await countStale(redis, own, contender.layout);
  if (stale > 0) throw new Error(`${contender.name}: ${stale} entries are older than the last change of their subject`);
  await removeEntries(redis, own, contender.layout);
  const eventsPerSecond = Math.round(report.records / report.seconds);
  say(`${contender.name}: ${eventsPerSecond} events/s`);
  const { rssMb } = report;
  return { name: contender.name, eventsPerSecond, rssMb, cpuMicrosecondsPerEvent: (report.cpuSeconds * 1e6) / report.records };
}

/** Puts entries back each time a round of changes has passed, but for the last ones: they are what the end state is checked by. */
async function watch(child: ChildProcess, own: Workload, layout: EntryLayout): Promise<Report & { kind: "done" }> {
  let putBackRound = 0;
  let busy = Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<Report & { kind: "done" }>();
  child.on("message", (report: Report) => {
    const passed = Math.floor(report.records / own.subjects);
    if (report.kind === "done") resolve(report);
    else if (passed > putBackRound && passed <= roundsOf(own) - LAST_ROUNDS) {
      putBackRound = passed;
      busy = busy.then(() => putBack(redis, own, { layout, round: passed })).catch(reject);
    }
  });
  child.on("exit", (code) => reject(new Error(`a contender ended with ${code} before it was done`)));
  const done = await promise;
  await busy;
  return done;
}

function finish(results: readonly Summary[]): void {
  for (const { name, eventsPerSecond, ratios, rssMb, cpuMicrosecondsPerEvent } of results) {
    const against = Object.entries(ratios).map(([other, ratio]) => `${ratio.toFixed(3)} x ${other}`);
    const row = [
      name.padEnd(20),
      `${eventsPerSecond} events/s`.padStart(18),
      `${cpuMicrosecondsPerEvent} us CPU/event`.padStart(22),
      `${rssMb} MB`.padStart(8),
      ...against,
    ];
    process.stdout.write(`${row.join("  ")}\n`);
  }
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ node: process.version, events: workload.events, results }, null, 2)}\n`);
  const obvious = results.find(({ name }) => name === "obvious")?.ratios.noop;
  if (obvious === undefined || obvious >= OBVIOUS_RATIO_MIN) return;
  say(`invalid run: obvious is ${obvious} x noop, below ${OBVIOUS_RATIO_MIN}: the machine was busy with something else`);
  process.exitCode = 1;
}
