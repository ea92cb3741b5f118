// From starting the process to its first bust, against a stock kafkajs consumer's way from its start to the first record. On a broker of its
// own with Kafka's default delay before a new group is given partitions, and on the one that all suites have, which gives them at once.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startKafka } from "@freshet/testkit/provider";
import { allGone, openProbe, type Probe } from "../intake/probe.ts";
import { deployService } from "../intake/service.ts";
import type { Workload } from "../workload.ts";
import { medianOf, rounded } from "./median.ts";

export interface StartRound {
  /** From the start of the process until a key was gone. */
  readonly serviceMs: number;
  /** From the start of the process until it had a record. */
  readonly bareMs: number;
  readonly ratio: number;
}

export interface StartCost {
  /** `default`: with Kafka's own `group.initial.rebalance.delay.ms`. `given`: the broker of the bench. */
  readonly broker: "default" | "given";
  readonly rounds: readonly StartRound[];
  readonly serviceMsMedian: number;
  readonly bareMsMedian: number;
  readonly ratioMedian: number;
}

const TIMEOUT_MS = 60_000;
/** What the image runs (services/invalidator/Dockerfile). */
const SERVICE = ["--max-semi-space-size=16", join(import.meta.dirname, "../../../../packages/cli/bin/freshet.mjs"), "run"];

export interface StartOptions {
  readonly workload: Workload;
  readonly rounds: number;
  readonly say: (text: string) => void;
}

/** What Kafka 4.3 does where nothing is set. */
const DEFAULT_DELAY = { "group.initial.rebalance.delay.ms": "3000" };

/** On both brokers; on the given one alone where no other can be started. */
export async function measureStart(options: StartOptions): Promise<StartCost[]> {
  const { workload, say } = options;
  const given = await measureOn("given", options);
  say("start: starting a Kafka with the default delay of new groups …");
  const own = await startKafka({ properties: DEFAULT_DELAY }).catch((error: unknown) => {
    say(`start: left out: ${error instanceof Error ? error.message : error}`);
    return null;
  });
  if (own === null) return [given];
  try {
    return [await measureOn("default", { ...options, workload: { ...workload, broker: own.broker } }), given];
  } finally {
    await own.close();
  }
}

/** One round that does not count, then so many; who comes first takes turns. Each start has a topic and a group of its own. */
async function measureOn(broker: StartCost["broker"], { workload, say, ...options }: StartOptions): Promise<StartCost> {
  const rounds: StartRound[] = [];
  // The image brings what loading compiles; here the first round leaves it, for both.
  const compiled = mkdtempSync(join(tmpdir(), "freshet-bench-"));
  for (let at = 0; at <= options.rounds; at++) {
    const turns = {
      service: () => startService(named(workload, `${at}-service`), compiled),
      bare: () => startBare(named(workload, `${at}-bare`), compiled),
    };
    const first = at % 2 === 0 ? await turns.service() : await turns.bare();
    const second = at % 2 === 0 ? await turns.bare() : await turns.service();
    const [serviceMs, bareMs] = at % 2 === 0 ? [first, second] : [second, first];
    if (at === 0) continue;
    rounds.push({ serviceMs: Math.round(serviceMs), bareMs: Math.round(bareMs), ratio: rounded(serviceMs / bareMs) });
    say(`start, ${broker}: first bust after ${Math.round(serviceMs)} ms, bare kafkajs has a record after ${Math.round(bareMs)} ms`);
  }
  rmSync(compiled, { recursive: true, force: true });
  return {
    broker,
    rounds,
    serviceMsMedian: Math.round(medianOf(rounds.map(({ serviceMs }) => serviceMs))),
    bareMsMedian: Math.round(medianOf(rounds.map(({ bareMs }) => bareMs))),
    ratioMedian: rounded(medianOf(rounds.map(({ ratio }) => ratio))),
  };
}

function named(workload: Workload, name: string): Workload {
  const topic = `${workload.topic}-${name}`;
  return { ...workload, topic, prefix: `${topic}:` };
}

/** An event in each partition, before anybody reads. */
async function prepared(workload: Workload): Promise<{ readonly probe: Probe; readonly events: Awaited<ReturnType<Probe["publish"]>> }> {
  const probe = await openProbe(workload);
  return { probe, events: await probe.publish(60, 100) };
}

async function startService(workload: Workload, compiled: string): Promise<number> {
  const { probe, events } = await prepared(workload);
  const deployment = await deployService(workload, "hash-and-json");
  const startedMs = performance.now();
  const child = spawn(process.execPath, SERVICE, {
    env: { ...deployment.env, FRESHET_HTTP_PORT: "0", NODE_COMPILE_CACHE: compiled },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(child, "close");
  try {
    await allGone(events, TIMEOUT_MS);
    return Math.min(...events.map(({ goneMs }) => goneMs ?? Number.POSITIVE_INFINITY)) - startedMs;
  } finally {
    child.kill("SIGTERM");
    await ended;
    deployment.close();
    await probe.close();
  }
}

async function startBare(workload: Workload, compiled: string): Promise<number> {
  const { probe } = await prepared(workload);
  const startedMs = performance.now();
  const child = fork(new URL("join.ts", import.meta.url), [JSON.stringify(workload)], {
    execArgv: ["--no-warnings"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  const ended = once(child, "close");
  try {
    await once(child, "message", { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return performance.now() - startedMs;
  } finally {
    child.kill("SIGTERM");
    await ended;
    await probe.close();
  }
}
