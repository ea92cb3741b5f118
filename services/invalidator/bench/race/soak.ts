// npm run soak:store [-- READS]: the race of services/invalidator/tests/race.redis.test.ts for as many reads as wanted.
import process from "node:process";
import { describeRace } from "./report.ts";
import { runRace } from "./run-race.ts";
import type { RacePlan } from "./world.ts";

const READS = 10_000_000;
const PROGRESS_MS = 30_000;

const [reads = READS, seed = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number);
const redisUrl = process.env.FRESHET_TEST_REDIS ?? "";
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const planOf = (gate: RacePlan["gate"]): RacePlan => ({ redisUrl, seed, gate, prefix: `soak-${process.pid}-${gate}:` });

let saidMs = performance.now();
const onProgress = (checked: number): void => {
  if (performance.now() - saidMs < PROGRESS_MS) return;
  saidMs = performance.now();
  say(`${checked} of ${reads} reads`);
};
say(`${reads} reads, seed ${seed}`);
const off = await runRace({ ...planOf("off"), reads: Math.min(reads, 100_000) });
say(describeRace(planOf("off"), off));
const on = await runRace({ ...planOf("on"), reads, onProgress });
say(describeRace(planOf("on"), on));
process.exitCode = on.stale === 0 && off.stale > 0 ? 0 : 1;
