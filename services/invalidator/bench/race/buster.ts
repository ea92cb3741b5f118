// One process that commits changes and busts for them, late, twice and out of order; it sweeps busted tags too.
import { randomUUID } from "node:crypto";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { createSweeper, type Sweeper } from "@freshet/pipeline";
import type { BustMode, KeyBust, PendingBust, TagBust } from "@freshet/protocol";
import { createRedisStore, type StorePort } from "@freshet/store";
import { type Seeded, seeded } from "../../tests/seeded.ts";
import { failureOf, type Racer, race } from "./racer.ts";
import { type Committed, Source } from "./source.ts";
import { count } from "./tally.ts";
import { createWorld, planArgument, type Subject, versionOf, type World } from "./world.ts";

const ROUND_MS = 10;
const RETRY_MS = 5;
/** Shorter than some of the stops, so that a stopped walker comes back as a zombie. */
const HOLD_MS = 200;

/** One event on its way to the store. */
interface Delivery {
  readonly subject: Subject;
  readonly committed: Committed;
  readonly mode: BustMode;
  readonly isBlind: boolean;
  readonly dueMs: number;
}

interface Buster {
  readonly world: World;
  readonly source: Source;
  readonly store: StorePort;
  readonly sweeper: Sweeper;
  readonly rng: Seeded;
  readonly racer: Racer;
}

const { plan, number } = planArgument(process.argv);
await race(async (racer) => {
  const source = new Source(plan.redisUrl, plan.prefix);
  const store = createRedisStore({ url: plan.redisUrl, prefix: `${plan.prefix}fr:` });
  const world = createWorld(plan);
  const sweeper = createRaceSweeper({ world, source, store, racer });
  sweeper.start();
  try {
    await commitAndBust({ world, source, store, sweeper, racer, rng: seeded(plan.seed * 37 + number) });
    await sweeper.stop();
  } finally {
    source.close();
    await store.close();
  }
});

function createRaceSweeper({ world, source, store, racer }: Pick<Buster, "world" | "source" | "store" | "racer">): Sweeper {
  const abortable = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => undefined);
  return createSweeper({
    store,
    rules: world.rules,
    scheduler: { nowMs: () => Date.now(), sleep: abortable },
    newId: randomUUID,
    onSweepEnd: (tag, busts) => acknowledgeSweep({ world, source }, tag, busts),
    events: {
      stepped: (_tag, { members }) => count(racer.tally, "sweeps: members", members),
      sweepEnded: () => count(racer.tally, "sweeps: ended"),
      sweepLost: () => count(racer.tally, "sweeps: taken over"),
      sweepTrouble: () => count(racer.tally, "sweeps: troubles"),
    },
    settings: { holdMs: HOLD_MS, lookEveryMs: 100, lookGapMs: 5, trimEveryMs: 1000 },
  });
}

/** From the end of a sweep on, nothing may be served that is older than what was committed when its busts were raised. */
async function acknowledgeSweep(
  { world, source }: Pick<Buster, "world" | "source">,
  tag: string,
  busts: readonly PendingBust[],
): Promise<void> {
  for (const { subject, version, mode, raisedAtUs } of busts) {
    // Blind busts of several subjects meet in one, and nothing covers it.
    const all = world.subjects.filter(({ target }) => target === tag).map(({ name }) => name);
    for (const name of version === null ? all : [subject]) {
      const sequence = await source.newestBefore(name, raisedAtUs, version);
      await source.acknowledge([{ subject: name, sequence, mode }]);
    }
  }
}

async function commitAndBust(buster: Buster): Promise<void> {
  const { racer, rng } = buster;
  const underWay = new Set<Promise<void>>();
  let waiting: Delivery[] = [];
  while (!racer.stop.aborted) {
    const changed = Array.from({ length: rng.integer(0, 3) }, () => pickSubject(buster));
    const commits = await Promise.all(changed.map(async (subject) => ({ subject, committed: await buster.source.commit(subject) })));
    count(racer.tally, "commits", commits.length);
    waiting.push(...commits.flatMap((commit) => deliveriesOf(rng, commit)));
    const nowMs = performance.now();
    const due = waiting.filter(({ dueMs }) => dueMs <= nowMs);
    waiting = waiting.filter(({ dueMs }) => dueMs > nowMs);
    const work = deliver(buster, rng.shuffle(due)).finally(() => underWay.delete(work));
    underWay.add(work);
    await loseSomething(buster);
    await sleep(ROUND_MS);
  }
  await Promise.all(underWay);
}

/** Changes of what busts one key are frequent, of what busts an epoch tag rare. */
function pickSubject({ world, rng }: Buster): Subject {
  const dice = rng.next();
  const busts = dice < 0.8 ? "key" : dice < 0.98 ? "tag" : "epoch";
  const [first, ...rest] = world.subjects.filter((subject) => subject.busts === busts);
  if (first === undefined) throw new Error(`no subject busts a ${busts}`);
  return rng.pick([first, ...rest]);
}

/** One to three deliveries, each with its own delay and mode; some carry no version. */
function deliveriesOf(rng: Seeded, { subject, committed }: Pick<Delivery, "subject" | "committed">): Delivery[] {
  const copies = rng.chance(0.75) ? 1 : rng.integer(2, 3);
  const isSoft = rng.chance(0.3);
  return Array.from({ length: copies }, () => {
    const dice = rng.next();
    const delayMs = dice < 0.6 ? 0 : dice < 0.9 ? rng.integer(0, 50) : rng.integer(50, 500);
    const mode = isSoft && rng.chance(0.9) ? "soft" : "hard";
    return { subject, committed, mode, isBlind: rng.chance(0.05), dueMs: performance.now() + delayMs };
  });
}

/** Busts for what is due, until the store says that it is done; only then is it acknowledged, for swept tags by the end of the sweep. */
async function deliver({ store, source, sweeper, racer, world }: Buster, due: readonly Delivery[]): Promise<void> {
  const keys = due.filter(({ subject }) => subject.busts === "key");
  const tags = due.filter(({ subject }) => subject.busts !== "key");
  const ackOf = ({ subject, committed, mode }: Delivery) => ({ subject: subject.name, sequence: committed.sequence, mode });
  const bustKeys = async () => {
    for (const outcome of await store.bust(keys.map(keyBustOf))) count(racer.tally, `busts: ${outcome}`);
    await source.acknowledge(keys.map(ackOf));
  };
  const bustTags = async () => {
    for (const outcome of await store.bustTags(tags.map((delivery) => tagBustOf(delivery, world)))) count(racer.tally, `tags: ${outcome}`);
    sweeper.nudge();
    await source.acknowledge(tags.filter(({ subject }) => subject.busts === "epoch").map(ackOf));
  };
  const untilDone = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      count(racer.tally, failureOf(error));
      await sleep(RETRY_MS); // what fails at once, without a turn of the event loop, would never hear that the connection is back
      await untilDone(work);
    }
  };
  await Promise.all([keys.length === 0 ? undefined : untilDone(bustKeys), tags.length === 0 ? undefined : untilDone(bustTags)]);
}

function factOf({ subject: { name, spaceKind }, committed, mode, isBlind }: Delivery) {
  return { subject: name, version: isBlind ? null : versionOf(committed.digits), spaceKind, mode, rule: "race" };
}

function keyBustOf(delivery: Delivery): KeyBust {
  const { target, entry } = delivery.subject;
  return { target: "key", key: target, family: "page", entry, ...factOf(delivery) };
}

function tagBustOf(delivery: Delivery, { tagSpec }: World): TagBust {
  const { busts, target } = delivery.subject;
  return { target: busts === "epoch" ? "epoch" : "tag", tag: target, spec: tagSpec, ...factOf(delivery) };
}

/** Evicts an entry that is only ever loaded from the primary, or an epoch: of these the protocol says that it does no harm. */
async function loseSomething({ world, rng, source, racer }: Buster): Promise<void> {
  const lost = rng.chance(0.05) ? world.pages.filter(({ isPrimaryOnly }) => isPrimaryOnly).map(({ key }) => key) : [];
  if (rng.chance(0.005)) lost.splice(0, lost.length, ...world.epochTags.map((tag) => `${plan.prefix}fr:e:{${tag}}`));
  const key = lost[rng.integer(0, lost.length)];
  if (key === undefined) return;
  count(racer.tally, "evicted", await source.redis.unlink(key));
}
