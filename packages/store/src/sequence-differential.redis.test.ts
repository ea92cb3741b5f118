import { createRng, freshPrefix, type Rng, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { replaceOnce } from "../tests/edits.js";
import { textOf } from "../tests/entry-differential.js";
import { cellOf, linkAtTime, type Op, Sequence, type Steps } from "../tests/sequences.js";
import { scripts } from "./generated/scripts.js";
import { createMemoryStore } from "./memory-store.js";
import { runBusts } from "./redis-busts.js";
import { redisEntries } from "./redis-entries.js";
import type { ScriptName } from "./redis-link.js";
import { redisTags } from "./redis-tags.js";
import { tagKeys } from "./tag-keys.js";

const [SEQUENCES, AT_ONCE] = [100_000, 50];
/** One in twenty goes on for longer. */
const stepsOf = (id: number): number => (id % 20 === 0 ? 20 : 4);
/** Of each outcome: far less than what the rarest comes to. */
const OFTEN = 5;
const outcomes: Readonly<Record<string, readonly string[]>> = {
  read: ["fresh", "stale", "none"],
  lease: ["hit", "leased", "busy", "stale_leased", "stale_busy"],
  fill: ["filled", "lease_lost", "floor", "epoch", "older"],
  promote: ["promoted", "gone"],
  drop: ["dropped", "gone"],
  bust: ["removed", "softened", "absent", "covered"],
  "bust tag": ["pending", "covered"],
  bump: ["bumped", "covered"],
  index: ["floors", "no floors"],
};

const rng = createRng();
const prefix = `${freshPrefix("sequences")}:`;
const clock = `${prefix}clock`;
/** Before Freshet's own keys, and not before entries: those are no members of an index. */
const own = `${prefix}own:`;
// An hour ahead of the server's clock: keys go by the time of the sequence alone.
const beginUs = (Date.now() + 3_600_000) * 1000;
let client: Redis;
let nowUs = beginUs;

beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.unlink(clock, `${own}sweeps`);
  await client.quit();
});

async function redisSteps(edited: Partial<Record<ScriptName, string>> = {}): Promise<Steps> {
  const link = await linkAtTime(client, { clock, nowUs: () => nowUs, edited });
  return {
    bust: (busts) => runBusts(link, busts, { run: "apply", prefix: own }),
    ...redisEntries(link, own),
    ...redisTags(link, { prefix: own }),
  };
}

interface Done {
  readonly op: Op;
  readonly due: unknown;
  readonly seen: Promise<unknown>;
}

/** Runs one sequence in memory, and makes the same calls to Redis, which are answered later. */
async function runSequence(store: Steps, id: number, random: Rng): Promise<readonly Done[]> {
  const sequence = new Sequence(random, `${prefix}${id}`, beginUs);
  const memory = createMemoryStore({ nowUs: () => nowUs });
  const done: Done[] = [];
  for (let i = 0; i < stepsOf(id); i++) {
    const op = sequence.next();
    nowUs = op.nowUs;
    const seen = op.call(store).catch((error: Error) => error.message);
    const due = await op.call(memory);
    // Of two calls of its own: the second must come before the next step, and have its time.
    if (op.step === "bust tag" || op.step === "bump") await seen;
    sequence.answered(due);
    done.push({ op, due, seen });
  }
  const tags = [`${sequence.key}:s`, `${sequence.key}:e`].flatMap((tag) => Object.values(tagKeys(own, tag)));
  // The last ones may come when a test that failed has closed the connection.
  client.unlink(sequence.key, ...tags).catch(() => undefined);
  return done;
}

/** The first step that ends otherwise than decided, with those before it; `null` for none. */
async function disagreement(done: readonly Done[]): Promise<string | null> {
  const seen = await Promise.all(done.map((step) => step.seen));
  const at = done.findIndex(({ due }, i) => textOf(seen[i]) !== textOf(due));
  if (at === -1) return null;
  const before = done.slice(0, at + 1).map(({ op, due }) => `${op.nowUs - beginUs} ${op.step}: ${textOf(due)}`);
  return `${before.join("\n")}\nLua answered ${textOf(seen[at])}`;
}

test(`${SEQUENCES} random sequences of steps end alike in Lua and in decide.ts`, async () => {
  const store = await redisSteps();
  const counts = new Map<string, number>();
  const disagreements: string[] = [];
  for (let id = 0; id < SEQUENCES && disagreements.length === 0; id += AT_ONCE) {
    const batch: (readonly Done[])[] = [];
    for (let i = 0; i < AT_ONCE; i++) batch.push(await runSequence(store, id + i, rng));
    for (const done of batch) {
      for (const { op, due } of done) counts.set(cellOf(op, due), (counts.get(cellOf(op, due)) ?? 0) + 1);
      const why = await disagreement(done);
      if (why !== null) disagreements.push(`seed ${rng.seed}\n${why}`);
    }
  }
  const rows = Object.entries(outcomes).map(
    ([step, names]) => `${step.padEnd(9)} ${names.map((name) => `${name} ${counts.get(`${step} | ${name}`) ?? 0}`).join(", ")}`,
  );
  process.stdout.write(`sequences of steps, Lua against decide.ts, seed ${rng.seed}\n${rows.join("\n")}\n`);
  expect(disagreements.join("\n\n")).toBe("");
  const known = Object.entries(outcomes).flatMap(([step, names]) => names.map((name) => `${step} | ${name}`));
  expect(known.filter((cell) => (counts.get(cell) ?? 0) < OFTEN)).toEqual([]);
  expect([...counts.keys()].filter((cell) => !known.includes(cell))).toEqual([]);
}, 1_200_000);

const mutants: readonly (readonly [string, ScriptName, string, string])[] = [
  ["a bust drops the lease", "bust", "if marks.lease then", "if false then"],
  ["promote by anybody", "promote", "token == ARGV[1]", "token ~= nil"],
];

test.each(mutants)(
  "%s: noticed",
  async (_what, script, from, to) => {
    const store = await redisSteps({ [script]: replaceOnce(scripts[script].text, from, to) });
    const random = createRng(20_251_121);
    let isNoticed = false;
    for (let id = 0; id < 40_000 && !isNoticed; id += 20) isNoticed = (await disagreement(await runSequence(store, id, random))) !== null;
    expect(isNoticed).toBe(true);
  },
  180_000,
);
