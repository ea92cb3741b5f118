// Busts per second on one connection, side by side in one run: rounds in which every contender does the same work, one after the
// other, in an order that changes. Prints medians, and medians of the ratios of each round; `--json FILE` writes them. What is in front of
// Redis is `wire` (prepared bytes, so that Redis is all there is to wait for) or `client` (ioredis, one pipeline at a time, as the
// service sends).
import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { type Contender, contenders, keyOf, slices, subjectOf } from "./contenders.ts";
import { connectWire, encodeCommand } from "./wire.ts";

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "9" },
    keys: { type: "string" },
    only: { type: "string", default: "" },
  },
});
const url = process.env.FRESHET_TEST_REDIS ?? "";
const redis = new Redis(url);
const wire = await connectWire(url);
const COUNT = Number.parseInt(values.keys ?? "10000", 10);
const BASE = "lua-read-and-unlink";
/** Calls without a reply. */
const WINDOW = 4;
const all = Array.from({ length: COUNT }, (_, i) => i);

interface Workload {
  readonly name: string;
  readonly perCall: number;
  /** Whether an entry lies there before each pass. */
  readonly isPresent: (at: number) => boolean;
  /** Versions that rise over a few keys, instead of one bust a key. */
  readonly isRising?: true;
  /** Filled again since the last bust, whose floor lies beside the value. */
  readonly isRefilled?: true;
}

const ALL_WORKLOADS: readonly Workload[] = [
  { name: "1 key a call, all present", perCall: 1, isPresent: () => true },
  { name: "100 keys a call, all present", perCall: 100, isPresent: () => true },
  { name: "200 keys a call, all present", perCall: 200, isPresent: () => true },
  { name: "200 keys a call, all refilled", perCall: 200, isPresent: () => true, isRefilled: true },
  { name: "200 keys a call, half present", perCall: 200, isPresent: (at) => at % 2 === 0 },
  { name: "200 keys a call, none present", perCall: 200, isPresent: () => false },
  { name: "200 keys a call, floors that rise", perCall: 200, isPresent: () => false, isRising: true },
];

/** Those whose name holds what `--only` says. */
const workloads = ALL_WORKLOADS.filter(({ name }) => name.includes(values.only));

type Way = "wire" | "client";
const WAYS: readonly Way[] = ["wire", "client"];
/** Calls in one pipeline of the client, as many as the store sends at once. */
const PIPELINE = 32;

interface Sample {
  readonly perSecond: number;
  /** CPU time of Redis per bust, in microseconds. */
  readonly serverUs: number;
}

const samples = new Map<string, Sample[]>();
const digests = new Map<string, string>();
for (const { name, script } of contenders) if (script !== null) digests.set(name, String(await redis.script("LOAD", script)));
for (let round = 0; round < Number.parseInt(values.rounds, 10); round++) {
  const order = round % 2 === 0 ? contenders : contenders.toReversed();
  const turns = workloads.flatMap((workload) => order.flatMap((contender) => WAYS.map((way) => ({ workload, contender, way }))));
  for (const { workload, contender, way } of turns) {
    const id = `${way} | ${workload.name} | ${contender.name}`;
    samples.set(id, [...(samples.get(id) ?? []), await measure(workload, contender, way)]);
  }
}

async function measure(workload: Workload, contender: Contender, way: Way): Promise<Sample> {
  const digest = digests.get(contender.name) ?? "";
  await clear();
  await putEntries(all.filter(workload.isPresent), workload.isRefilled === true);
  const passes = workload.isRising === undefined ? [all] : slices(all, COUNT / 10).map(() => all.slice(0, COUNT / 10));
  const calls = passes.flatMap((keys, i) => contender.calls({ digest, keys, version: String(100_000 + i), perCall: workload.perCall }));
  const bytes = way === "wire" ? calls.map((commands) => Buffer.concat(commands.map(encodeCommand))) : [];
  const before = await serverUs();
  const startedMs = performance.now();
  if (way === "wire") await wire.send(bytes, { window: WINDOW, replies: contender.script === null ? workload.perCall : 1 });
  for (const slice of way === "client" ? slices(calls, PIPELINE) : []) await sendAll(slice.flat());
  const seconds = (performance.now() - startedMs) / 1000;
  return { perSecond: COUNT / seconds, serverUs: ((await serverUs()) - before) / COUNT };
}

/** With a time to live, as everything that is filled. */
async function putEntries(numbers: readonly number[], isRefilled: boolean): Promise<void> {
  const nowUs = Date.now() * 1000;
  const times = `${nowUs}\t\t${nowUs + 3_600_000_000}\t`;
  for (const slice of slices(numbers, 1000)) {
    const pipeline = redis.pipeline();
    for (const at of slice) {
      const floor = isRefilled ? `\n\f${nowUs}h${subjectOf(at)}\t5` : "";
      pipeline.hset(keyOf(at), "v", "x".repeat(200), "d", `${times}\n${subjectOf(at)}\t5${floor}`);
      pipeline.pexpire(keyOf(at), 3_600_000);
    }
    await pipeline.exec();
  }
}

async function sendAll(commands: readonly (readonly string[])[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const [name = "", ...parts] of commands) pipeline.call(name, ...parts);
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
}

/** What is left of the last pass; other keys of this Redis are nobody's business. */
async function clear(): Promise<void> {
  for (const slice of slices(all, 1000)) await redis.unlink(...slice.map(keyOf));
}

/** CPU time of Redis' own thread: what a connection that is never idle is bound by, whatever else runs on the machine. */
async function serverUs(): Promise<number> {
  const info = await redis.info("cpu");
  const seconds = (name: string): number => Number(new RegExp(`used_cpu_${name}_main_thread:([\\d.]+)`).exec(info)?.[1] ?? Number.NaN);
  return (seconds("user") + seconds("sys")) * 1e6;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function resultOf(way: Way, workload: string, contender: string) {
  const own = samples.get(`${way} | ${workload} | ${contender}`) ?? [];
  const base = samples.get(`${way} | ${workload} | ${BASE}`) ?? [];
  const ratio = (of: (sample: Sample, baseOf: Sample) => number): number =>
    Number(median(own.flatMap((sample, i) => (base[i] === undefined ? [] : [of(sample, base[i])]))).toFixed(3));
  return {
    ...{ way, workload, contender },
    bustsPerSecond: Math.round(median(own.map((sample) => sample.perSecond))),
    ratio: ratio((a, b) => a.perSecond / b.perSecond),
    serverMicroseconds: Number(median(own.map((sample) => sample.serverUs)).toFixed(2)),
    serverRatio: ratio((a, b) => b.serverUs / a.serverUs),
  };
}

const results = WAYS.flatMap((way) => workloads.flatMap(({ name }) => contenders.map((contender) => resultOf(way, name, contender.name))));
await clear();
for (const { way, workload, contender, ...numbers } of results) {
  process.stdout.write(
    `${way.padEnd(6)} ${workload.padEnd(34)} ${contender.padEnd(20)} ${String(numbers.bustsPerSecond).padStart(8)}/s  ${numbers.ratio.toFixed(2)} x` +
      `   ${numbers.serverMicroseconds.toFixed(2).padStart(6)} us of CPU in Redis  ${numbers.serverRatio.toFixed(2)} x\n`,
  );
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ rounds: values.rounds, keys: COUNT, results }, null, 2)}\n`);
wire.close();
redis.disconnect();
