import type { Job, ReplayPlanReport } from "@freshet/replay";
import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { expect } from "@jest/globals";
import { testSeed } from "./config.js";
import { type Incident, openIncident } from "./incident.js";
import { sendWatched } from "./live-lag.js";
import { type Act, cleanUp, drained, prepare, stopped } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";
import type { Place, ReadRecord } from "./topics.js";
import type { WorkloadSize } from "./workload.js";

export interface DrillSize extends WorkloadSize {
  /** Of the live traffic. */
  readonly livePerSecond: number;
  /** What `--rate` says. */
  readonly rate: number;
  /** Whether the live group's lag is held to what it is without a replay: only where the machine has nothing else to do. */
  readonly holdsLag: boolean;
}

/** Of the events: what comes under the wrong rules, live traffic beside nothing, live traffic beside the replay. */
const PARTS = [0.7, 0.08, 0.22] as const;
/** What a sample of the lag cannot tell apart: records are sent, and counted, every 50 ms. */
const LAG_GRAIN_MS = 100;

/** Wrong rules, dead letters and history replayed, killed twice and resumed beside live traffic; the end is the oracle's. */
export async function drillIncident(size: DrillSize): Promise<void> {
  const seed = testSeed();
  process.stdout.write(`incident: seed ${seed}, ${size.events} events\n`);
  const options = { name: freshPrefix("drill"), broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: size.partitions };
  const incident = await openIncident(options);
  const { scene } = incident;
  let act: Act | null = null;
  try {
    act = await prepare(scene, { seed, size, entriesPerKind: Math.ceil(size.products * 1.05) });
    await drill(incident, act, size);
  } finally {
    await cleanUp(scene, act);
    await incident.close();
  }
}

async function drill(incident: Incident, act: Act, size: DrillSize): Promise<void> {
  const { scene } = incident;
  // The incident: wrong rules take most of the events.
  const { sent } = act.workload;
  const split = Math.round(sent.length * PARTS[0]);
  const secondSplit = split + Math.round(sent.length * PARTS[1]);
  const wrong = await scene.start();
  const places = await scene.topics.send(scene.topic, sent.slice(0, split));
  await drained(scene, wrong, split);
  expect(await stopped(wrong, "SIGTERM")).toMatchObject({ code: 0 });
  expect((await act.differences()).length).toBeGreaterThan(size.products / 2);
  const letters = await scene.topics.readAll(scene.deadLetterTopic);
  const poison = countPoison(letters, places, act);
  expect(letters.length).toBeGreaterThan(poison * 2);

  // The corrected file is deployed; with nothing else running, dead letters do what their plan said.
  const service = await scene.start({ env: { FRESHET_RULES: incident.corrected } });
  await replayDeadLetters(incident, { letters: letters.length, poison });

  // History, with live traffic, killed twice.
  const perSecond = size.livePerSecond;
  const alone = await sendWatched(scene, service, { records: sent.slice(split, secondSplit), perSecond });
  const live = sendWatched(scene, service, { records: sent.slice(secondSplit), perSecond });
  live.catch(() => {}); // heard of below, unless something fails before
  const job = await replayHistoryKilledTwice(incident, size);
  expect(job).toMatchObject({ status: "done", runs: 3, left: [] });
  expect(job.counts.records.chosen).toBeGreaterThanOrEqual(split);
  const beside = await live;
  process.stdout.write(`incident: live lag p99 ${alone.lagP99Ms} ms alone, ${beside.lagP99Ms} ms beside the replay\n`);
  if (size.holdsLag) expect(beside.lagP99Ms).toBeLessThan(2 * Math.max(alone.lagP99Ms, LAG_GRAIN_MS));
  await drained(scene, service, sent.length);
  expect((await act.differences()).slice(0, 20)).toEqual([]);
  expect(await incident.groupsOf("freshet-replay-")).toEqual([]);

  await replayAgain(incident, act, service);
  expect(await stopped(service, "SIGTERM")).toMatchObject({ code: 0 });
}

/** Dead letters of poison, which fail under every rules file. Some may be there twice, where a slice was run again. */
function countPoison(letters: readonly ReadRecord[], places: readonly Place[], act: Act): number {
  const poison = new Set([...act.expected.poison.keys()].map((at) => `${places[at]?.partition}/${places[at]?.offset}`));
  const textOf = ({ headers }: ReadRecord, name: string) => headers.get(`__dlq.errors.${name}`)?.[0]?.toString();
  return letters.filter((letter) => poison.has(`${textOf(letter, "partition")}/${textOf(letter, "offset")}`)).length;
}

async function replayDeadLetters(incident: Incident, found: { readonly letters: number; readonly poison: number }): Promise<void> {
  const argv = ["replay", "dlq", "--rules", incident.corrected];
  const plan = await incident.json<ReplayPlanReport>(argv);
  const { counts } = plan.printed;
  expect({ code: plan.code, chosen: counts.records.chosen, failing: counts.records.failing, foreign: counts.records.foreign }).toEqual({
    code: 3,
    chosen: found.letters,
    failing: found.poison,
    foreign: 0,
  });
  expect(plan.printed.comparison?.changes).toContainEqual({
    from: "failing: rule_error",
    to: "busts",
    records: counts.records.busting,
  });
  const job = await incident.json<Job>([...argv, "--apply", "--because", "drill", "--rate", "max", "--bust-rate", "max"]);
  expect(job.printed).toMatchObject({ status: "done", runs: 1 });
  expect(job.printed.planned).toEqual(counts);
  expect(job.printed.counts).toEqual(counts);
  const again = await incident.json<ReplayPlanReport>(argv);
  expect(again.printed.counts).toMatchObject({ records: { chosen: found.poison, failing: found.poison }, keys: { touched: 0 } });
}

async function replayHistoryKilledTwice(incident: Incident, size: DrillSize): Promise<Job> {
  const history = ["replay", "history", "--topic", incident.scene.topic, "--from", "1h", "--to", "0s", "--rules", incident.corrected];
  const started = incident.start([...history, "--apply", "--yes", "--json", "--rate", String(size.rate), "--bust-rate", "max"]);
  const idOf = (): string | undefined => {
    if (started.child.exitCode !== null) throw new Error(`the replay ended with ${started.child.exitCode}:\n${started.stderr()}`);
    return /replay (\S+) runs/.exec(started.stderr())?.[1];
  };
  await until(() => idOf() !== undefined, { timeoutMs: 120_000, what: "the replay runs" });
  const id = idOf() ?? "";
  const progress = () => incident.job(id);
  await until(async () => (await progress()).counts.records.chosen > size.events / 20, {
    timeoutMs: 120_000,
    pollMs: 300,
    what: "it moves",
  });
  started.child.kill("SIGKILL");
  expect((await started.ended).code).toBeNull();
  const before = await progress();
  expect(before.status).toBe("running");

  const second = incident.start(["replay", "resume", id, "--json"]);
  const moved = async () => (await progress()).counts.records.chosen > before.counts.records.chosen + size.events / 20;
  await until(moved, { timeoutMs: 240_000, pollMs: 500, what: "the resumed replay moves" });
  second.child.kill("SIGKILL");
  await second.ended;

  const third = await incident.json<Job>(["replay", "resume", id]);
  expect(third.code).toBe(3); // poison still fails
  return third.printed;
}

/** Readers come back: what has no version goes again, and the plan says so before; all else is covered or not there. */
async function replayAgain(incident: Incident, act: Act, service: ServiceProcess): Promise<void> {
  const { redis, topic, topics } = incident.scene;
  const gone = [...act.expected.entries].filter(([key, end]) => key.includes(":opaque:") && end.value === "gone").map(([key]) => key);
  const refilled = gone.slice(0, 50);
  for (const key of refilled) await redis.set(key, "a page", "PX", 600_000);
  const argv = ["replay", "history", "--topic", topic, "--from", "1h", "--to", "0s", "--rules", incident.corrected];
  const plan = await incident.json<ReplayPlanReport>(argv);
  expect(plan.printed.counts.keys.removed).toBe(refilled.length);
  expect(plan.printed.counts.removedBecause).toEqual({ older: 0, unversioned: 0, blind: 0, opaque: refilled.length });
  const job = await incident.json<Job>([...argv, "--apply", "--yes", "--rate", "max", "--bust-rate", "max"]);
  expect(job.printed.counts).toEqual(plan.printed.counts);
  expect(await redis.exists(...refilled)).toBe(0);
  expect(service.isGone()).toBe(false);
  expect((await topics.readAll(`freshet.audit.${incident.name}`)).length).toBeGreaterThanOrEqual(6);
}
