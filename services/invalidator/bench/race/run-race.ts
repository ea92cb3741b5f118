// Starts the processes of a race, stops and continues them at random, and adds up what they saw.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Seeded, seeded } from "../../tests/seeded.ts";
import { Source } from "./source.ts";
import { addTallies, type RaceMessage, type Tally, type Witness } from "./tally.ts";
import { createWorld, type RacePlan } from "./world.ts";

const READERS = 4;
const BUSTERS = 2;
const WITNESSES_MAX = 20;
/** Above the lease (150 ms), and up to more than a floor of a tag lives. */
const STOP_MS = { from: 160, to: 600 };

export interface RaceOptions extends RacePlan {
  /** Reads that the store served, judged one by one. */
  readonly reads: number;
  readonly onProgress?: (checked: number) => void;
}

export interface RaceReport {
  readonly checked: number;
  readonly stale: number;
  /** The first of them. */
  readonly witnesses: readonly Witness[];
  readonly seconds: number;
  readonly tally: Tally;
}

interface Runner {
  readonly child: ChildProcess;
  readonly ended: Promise<Tally>;
  checked: number;
}

/**
 * @throws Error when a process fails: a race that was not run says nothing.
 */
export async function runRace({ reads, onProgress, ...plan }: RaceOptions): Promise<RaceReport> {
  const witnesses: Witness[] = [];
  const source = new Source(plan.redisUrl, plan.prefix);
  const world = createWorld(plan);
  for (const subject of world.subjects) await source.commit(subject);
  await sleep(2 * world.rules.bounds.lagMs); // the replica has them all
  const startedMs = performance.now();
  const busters = Array.from({ length: BUSTERS }, (_, number) => start("buster.ts", { plan, number, witnesses }));
  const readers = Array.from({ length: READERS }, (_, number) => start("reader.ts", { plan, number, witnesses }));
  const runners = [...readers, ...busters];
  const failed = Promise.all(runners.map(({ ended }) => ended)).then(() => true);
  const over = new AbortController();
  const stops = stopAndContinue({ readers, busters, rng: seeded(plan.seed), signal: over.signal });
  try {
    while (checkedBy(readers) < reads && !(await Promise.race([failed, sleep(100, false)]))) onProgress?.(checkedBy(readers));
    over.abort();
    const counts = await stops;
    const tallies = [...(await finish(readers)), ...(await finish(busters)), counts];
    const seconds = (performance.now() - startedMs) / 1000;
    const { STALE: stale = 0, checked = 0, ...tally } = addTallies(tallies);
    return { checked, stale, witnesses, seconds, tally };
  } finally {
    over.abort();
    await stops;
    for (const { child } of runners) child.kill("SIGKILL");
    await removeKeys(source, plan.prefix);
    source.close();
  }
}

function start(script: string, { plan, number, witnesses }: { plan: RacePlan; number: number; witnesses: Witness[] }): Runner {
  const child = fork(new URL(script, import.meta.url), [JSON.stringify(plan), String(number)], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Tally>();
  const runner: Runner = { child, ended: promise, checked: 0 };
  child.on("message", (message: RaceMessage) => {
    if (message.kind === "progress") runner.checked = message.checked;
    else if (message.kind === "stale" && witnesses.length < WITNESSES_MAX) witnesses.push(message.witness);
    else if (message.kind === "failed") reject(new Error(`${script}: ${message.problem}`));
    else if (message.kind === "done") resolve(message.tally);
  });
  child.on("exit", (code, signal) => reject(new Error(`${script} ended with ${code ?? signal}`)));
  return runner;
}

function checkedBy(readers: readonly Runner[]): number {
  return readers.reduce((sum, { checked }) => sum + checked, 0);
}

/** One of them at a time stands still for longer than a lease, as a long pause of its garbage collector would have it. */
async function stopAndContinue({
  readers,
  busters,
  rng,
  signal,
}: {
  readers: readonly Runner[];
  busters: readonly Runner[];
  rng: Seeded;
  signal: AbortSignal;
}): Promise<Tally> {
  const tally = { "stops: readers": 0, "stops: busters": 0 };
  const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
  while (!signal.aborted) {
    const who = rng.chance(0.8) ? "readers" : "busters";
    const list = who === "readers" ? readers : busters;
    const child = list[rng.integer(0, list.length - 1)]?.child;
    await wait(rng.integer(50, 400));
    child?.kill("SIGSTOP");
    tally[`stops: ${who}`]++;
    await wait(rng.integer(STOP_MS.from, STOP_MS.to));
    child?.kill("SIGCONT");
  }
  return tally;
}

async function finish(runners: readonly Runner[]): Promise<readonly Tally[]> {
  for (const { child } of runners) child.send("stop");
  return await Promise.all(
    runners.map(async ({ child, ended }) => {
      const tally = await ended;
      if (child.exitCode === null) await once(child, "exit");
      return tally;
    }),
  );
}

async function removeKeys({ redis }: Source, prefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1000 })) if (keys.length > 0) await redis.unlink(keys);
}
