// A million entries under one tag: what another client of that Redis waits while they are swept, against the same client at rest and
// against one script that walks the set at once. The Redis should be there for this alone. `--json FILE` writes the results too.
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createSweeper, type SweepEnd } from "@freshet/pipeline";
import { parseVersion, type TagBust } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import { createRedisStore, type StorePort } from "@freshet/store";
import { Redis } from "ioredis";
import { fillShelf, indexOf, keyOf, type Shelf, usedMemory } from "./entries.ts";
import type { ProbeOrder, ProbeReport } from "./probe.ts";

const REST_MS = 5000;
/** Until the probe has the answers that waited for the end of what was measured. */
const ANSWERS_MS = 100;
/** Within this of what was used before, memory counts as given back. */
const MEMORY_LEFT = 0.02;
const MEMORY_WAIT_MS = 60_000;

/** What one writes first: the whole set in one script, so that nothing else runs meanwhile. */
const WALK_AT_ONCE = `local members = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, key in ipairs(members) do redis.call('UNLINK', key) end
redis.call('UNLINK', KEYS[1])
return #members`;

const RULES = `freshet: 1
sources:
  - { name: products, topic: products, format: cloudevents, space: product }
families:
  page: { key: "product:{id}:{brand}", ttl: 1h, tags: [{ tag: brand, with: { id: brand } }] }
tags:
  brand: { key: "brand:{id}", kind: swept }
rules:
  - { name: brand, source: products, bust: [{ tag: brand, with: { id: subject } }] }
`;

const { values } = parseArgs({
  options: { json: { type: "string" }, entries: { type: "string", default: "1000000" }, pace: { type: "string" } },
});
const redisUrl = process.env.FRESHET_TEST_REDIS ?? "";
const shelf: Shelf = {
  prefix: `bench-${process.pid}:`,
  entries: Number.parseInt(values.entries, 10),
  sweptTag: "brand:1",
  epochTag: "tenant:1",
};
const rules = readRules();
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const redis = new Redis(redisUrl);
const store = createRedisStore({ url: redisUrl, prefix: `${shelf.prefix}fr:` });
const probe = fork(new URL("probe.ts", import.meta.url), [redisUrl], { execArgv: ["--no-warnings"] });

const emptyBytes = await usedMemory(redis);
say(`filling ${shelf.entries} entries …`);
await fillShelf(redis, shelf, await generation());
const fullBytes = await usedMemory(redis);
const atRest = await probed(probe, () => sleep(REST_MS));
const epoch = await bustEpoch();
await warmUp();
let floorMs = 0;
let sweep: SweepEnd | null = null;
const bustedMs = performance.now();
const duringSweep = await probed(probe, async () => {
  const end = await sweepOnce(async () => {
    const startMs = performance.now();
    await store.bustTags([bustOf("tag", shelf.sweptTag)]);
    floorMs = performance.now() - startMs;
  });
  sweep = end;
});
const memoryBackMs = await memoryBack(bustedMs);
say("filling them again, for the script that walks them at once …");
await fillShelf(redis, shelf, 1);
await sleep(1000);
await redis.config("SET", "busy-reply-threshold", "0"); // nobody is to be told BUSY: the wait itself is measured
const duringScript = await probed(probe, async () => {
  await redis.eval(WALK_AT_ONCE, 1, indexOf(shelf));
});
probe.disconnect();
await store.close();
redis.disconnect();
finish();

function readRules(): CompiledRules {
  const { rules: read, findings } = loadRules(RULES);
  if (read === null) throw new Error(JSON.stringify(findings));
  return read;
}

async function generation(): Promise<number> {
  const epochs = await store.epochs([{ tag: shelf.epochTag, skewMs: 1 }]);
  return epochs.get(shelf.epochTag)?.generation ?? 0;
}

function bustOf(target: TagBust["target"], tag: string): TagBust {
  const { tagFloorMs: floorTtlMs, skewMs } = rules.bounds;
  const origin = { subject: "brand/1", version: parseVersion("7"), spaceKind: "counter", mode: "hard", rule: "bench" } as const;
  return { target, tag, spec: { floorTtlMs, skewMs }, ...origin };
}

/** So that the first connection and the first calls of a process are not what is measured. */
async function warmUp(): Promise<void> {
  for (let i = 0; i < 50; i++) await store.bustTags([bustOf("tag", `brand:warm-${i}`)]);
}

/** One bump for all entries: how long it took, and that none of them is served any more. */
async function bustEpoch(): Promise<{ readonly ms: number; readonly servedAfterwards: number }> {
  for (let i = 0; i < 50; i++) await store.bustTags([bustOf("epoch", `tenant:warm-${i}`)]);
  const entry = rules.families.get("page")?.entry;
  if (entry === undefined) throw new Error("there is no family page");
  const read = async (id: number) => await store.read(keyOf(shelf, id), entry, [{ tag: shelf.epochTag, skewMs: 1 }]);
  if ((await read(0)).found !== "fresh") throw new Error("the entries cannot be read");
  const startMs = performance.now();
  await store.bustTags([bustOf("epoch", shelf.epochTag)]);
  const ms = performance.now() - startMs;
  const reads = await Promise.all(Array.from({ length: 1000 }, (_, at) => read(at * Math.floor(shelf.entries / 1000))));
  return { ms, servedAfterwards: reads.filter(({ found }) => found !== "none").length };
}

async function sweepOnce(bust: () => Promise<void>): Promise<SweepEnd> {
  const ended = Promise.withResolvers<SweepEnd>();
  const sweeper = createSweeper({
    store: store satisfies StorePort,
    rules,
    newId: randomUUID,
    scheduler: { nowMs: () => Date.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined) },
    events: {
      stepped: () => undefined,
      sweepEnded: (end) => end.tag === shelf.sweptTag && ended.resolve(end),
      sweepLost: () => undefined,
      sweepTrouble: ({ problem }) => ended.reject(new Error(problem)),
    },
    settings: values.pace === undefined ? {} : { bustsPerSecond: Number.parseInt(values.pace, 10) },
  });
  await bust();
  sweeper.start();
  const end = await ended.promise;
  await sweeper.stop();
  return end;
}

/** What the probe waited while the work ran. */
async function probed(child: ChildProcess, work: () => Promise<unknown>): Promise<ProbeReport> {
  const order = (text: ProbeOrder): void => void child.send(text);
  order("begin");
  await work();
  await sleep(ANSWERS_MS);
  const reply = once(child, "message");
  order("end");
  const [report] = await reply;
  return report;
}

/** Milliseconds from the bust until the server's memory is what it was before the entries; freeing runs in the background. */
async function memoryBack(sinceMs: number): Promise<number> {
  const enough = emptyBytes + (fullBytes - emptyBytes) * MEMORY_LEFT;
  while (performance.now() - sinceMs < MEMORY_WAIT_MS) {
    if ((await usedMemory(redis)) <= enough) return performance.now() - sinceMs;
    await sleep(20);
  }
  return Number.POSITIVE_INFINITY;
}

function finish(): void {
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  const swept = sweep === null ? 0 : Math.round(sweep.members / (sweep.durationMs / 1000));
  const results = {
    entries: shelf.entries,
    membersPerSecond: swept,
    bustsPerSecondAllowed: values.pace ?? "default",
    otherClientMs: { atRest, duringSweep, duringScript },
    floorInPlaceMs: round(floorMs),
    memoryBackMs: round(memoryBackMs),
    epochTag: { ms: round(epoch.ms), servedAfterwards: epoch.servedAfterwards },
  };
  for (const [phase, { samples, p50, p999, max }] of Object.entries(results.otherClientMs)) {
    process.stdout.write(`another client ${phase.padEnd(12)} p50 ${p50} ms · p99.9 ${p999} ms · max ${max} ms (${samples} round trips)\n`);
  }
  process.stdout.write(`swept ${shelf.entries} entries at ${swept} a second; the tag's floor stood after ${results.floorInPlaceMs} ms, `);
  process.stdout.write(`memory was back after ${results.memoryBackMs} ms\n`);
  process.stdout.write(`epoch tag over the same entries: ${results.epochTag.ms} ms; ${epoch.servedAfterwards} of 1000 served afterwards\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ node: process.version, ...results }, null, 2)}\n`);
  const targets: readonly (readonly [boolean, string])[] = [
    [duringSweep.p999 <= 10, "p99.9 during the sweep is above 10 ms"],
    [duringSweep.p999 <= duringScript.max / 100, "p99.9 during the sweep is above a hundredth of the script's pause"],
    [floorMs <= 5, "the floor took longer than 5 ms"],
    [memoryBackMs <= 15_000, "memory was not back within 15 s"],
    [epoch.servedAfterwards === 0, "entries were served after their epoch was busted"],
  ];
  for (const [isMet, text] of targets) if (!isMet) say(`missed: ${text}`);
  process.exitCode = targets.every(([isMet]) => isMet) ? 0 : 1;
}
