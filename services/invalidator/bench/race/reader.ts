// One process that reads pages through the cache, and judges every page it is served.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { createRedisStore, type Loaded, type LoadRequest, type ReadThroughResult, readThrough, type StorePort } from "@freshet/store";
import { type Seeded, seeded } from "../../tests/seeded.ts";
import { withoutGate } from "./gate-off.ts";
import { failureOf, type Racer, race } from "./racer.ts";
import { type Acknowledgements, type Committed, Source } from "./source.ts";
import { count } from "./tally.ts";
import { createWorld, loadBounds, type Page, planArgument, versionOf, type World } from "./world.ts";

/** What one process has under way: so many batches, whose reads begin together once it is known what was acknowledged. */
const BATCHES_AT_ONCE = 16;
const BATCH_READS = 4;
const PROGRESS_CHECKED = 500;
const VALUE_BYTES = 200;

interface Reader {
  readonly world: World;
  readonly source: Source;
  readonly store: StorePort;
  readonly rng: Seeded;
  readonly racer: Racer;
  readonly number: number;
  reads: number;
  checked: number;
}

const { plan, number } = planArgument(process.argv);
await race(async (racer) => {
  const source = new Source(plan.redisUrl, plan.prefix);
  const gated = createRedisStore({ url: plan.redisUrl, prefix: `${plan.prefix}fr:` });
  const store = plan.gate === "on" ? gated : withoutGate(gated, source.redis);
  const rng = seeded(plan.seed * 31 + number);
  const reader: Reader = { world: createWorld(plan), source, store, rng, racer, number, reads: 0, checked: 0 };
  try {
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, () => readOnAndOn(reader)));
    count(racer.tally, "checked", reader.checked);
  } finally {
    source.close();
    await gated.close();
  }
});

async function readOnAndOn(reader: Reader): Promise<void> {
  const { racer, world, rng, source } = reader;
  while (!racer.stop.aborted) {
    // Some pages are read far more often than others.
    const drawn = Array.from({ length: BATCH_READS }, () => world.pages[Math.floor(world.pages.length * rng.next() ** 2)]);
    const pages = drawn.filter((page) => page !== undefined);
    const acknowledged = await source.acknowledged(pages.flatMap(({ subjects }) => subjects));
    await Promise.all(pages.map((page) => readAndJudge(reader, page, acknowledged)));
  }
}

async function readAndJudge(reader: Reader, page: Page, acknowledged: Acknowledgements): Promise<void> {
  try {
    const result = await read(reader, page);
    // What was not stored is the loader's own, however old: the store did not serve it.
    if (result.stored) judge(reader, { page, acknowledged, result });
  } catch (error) {
    count(reader.racer.tally, failureOf(error));
  }
}

async function read(reader: Reader, page: Page): Promise<ReadThroughResult> {
  const { store, racer, world } = reader;
  const { key, entry, epochTag } = page;
  const token = `${reader.number}-${reader.reads++}`;
  const result = await readThrough(store, {
    key,
    entry,
    epochTags: [epochTag],
    bounds: loadBounds(world),
    token,
    load: (request) => load(reader, { page, token, request }),
    sleep: (ms) => sleep(ms),
    pollMs: 20,
    attemptsMax: 3,
  });
  count(racer.tally, result.why === null ? result.from : `refused: ${result.why}`);
  return result;
}

/** A load that takes its time, from a replica that lags or from the primary; what it says of itself is true. */
async function load(reader: Reader, { page, token, request }: { page: Page; token: string; request: LoadRequest }): Promise<Loaded> {
  const { rng, source, world, racer } = reader;
  const lagUs = world.rules.bounds.lagMs * 1000;
  await takeTime(rng);
  let isPrimary = page.isPrimaryOnly || rng.chance(request.primary ? 0.8 : 0.1);
  let agoUs = isPrimary ? 0 : Math.floor(rng.chance(0.3) ? lagUs : lagUs * rng.next());
  let state = await source.stateOf(page.subjects, agoUs);
  if (!isPrimary && rng.chance(0.5) && isBehind(page, state, request)) {
    [isPrimary, agoUs] = [true, 0];
    state = await source.stateOf(page.subjects, agoUs);
  }
  await takeTime(rng);
  count(racer.tally, isPrimary ? "loads: primary" : "loads: replica");
  const leftOut = rng.chance(0.1) ? rng.integer(0, page.subjects.length - 1) : -1;
  const deps = new Map(page.subjects.flatMap(({ name }, at) => (at === leftOut ? [] : [[name, versionOf(state[at]?.digits ?? "")]])));
  const sequences = state.map(({ sequence }) => sequence).join(",");
  const value = `${sequences};token ${token}, ${agoUs} us ago, ${isPrimary ? "primary" : "replica"}, without dep ${leftOut};`;
  return {
    value: Buffer.from(value.padEnd(VALUE_BYTES, ".")),
    encoding: "",
    deps,
    tags: page.sweptTags,
    primaryRead: isPrimary,
    freshMs: rng.chance(0.1) ? 100 : null,
    keepMs: rng.chance(0.1) ? rng.integer(5, 200) : 20_000,
  };
}

function isBehind({ subjects }: Page, state: readonly Committed[], { min }: LoadRequest): boolean {
  return subjects.some(({ name }, at) => (min.get(name) ?? "") > (state[at]?.digits ?? ""));
}

/** Mostly none; sometimes longer than the lease. */
async function takeTime(rng: Seeded): Promise<void> {
  const dice = rng.next();
  if (dice < 0.8) return;
  await sleep(dice < 0.95 ? rng.integer(1, 20) : dice < 0.99 ? rng.integer(20, 120) : rng.integer(120, 250));
}

/** Everything the store serves as fresh is at least as new as what was acknowledged before the read began; stale ones as hard busts. */
function judge(
  reader: Reader,
  { page, acknowledged, result }: { page: Page; acknowledged: Acknowledgements; result: ReadThroughResult },
): void {
  const { racer } = reader;
  reader.checked++;
  if (reader.checked % PROGRESS_CHECKED === 0) racer.send({ kind: "progress", checked: reader.checked });
  const value = result.value.toString().replace(/\.*$/, "");
  const served = value.slice(0, value.indexOf(";")).split(",").map(Number);
  for (const [at, { name }] of page.subjects.entries()) {
    const bar = acknowledged.get(name)?.[result.from === "stale" ? "hard" : "any"] ?? 0;
    const sequence = served[at] ?? 0;
    if (sequence >= bar) continue;
    count(racer.tally, "STALE");
    const { key } = page;
    racer.send({ kind: "stale", witness: { key, subject: name, from: result.from, acknowledged: bar, served: sequence, value } });
    return;
  }
}
