import { createRng, freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type EntryCase, EntryCases } from "../tests/entry-cases.js";
import { entryServer, outcomeOf, runInMemory, textOf } from "../tests/entry-differential.js";

const CASES = 40_000;
const AT_ONCE = 200;
/** Of each outcome: about half of what the rarest comes to. */
const OFTEN = 50;
const rng = createRng();
// An hour ahead of the server's clock, so that nothing expires between the step and the look at what it left.
const nowUs = (Date.now() + 3_600_000) * 1000;
let client: Redis;
beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.quit();
});

/** Every outcome of every step; each must have been tried often. */
const outcomes: Readonly<Record<string, readonly string[]>> = {
  read: ["fresh", "stale", "none"],
  lease: ["hit", "leased", "busy", "stale_leased", "stale_busy", "foreign"],
  fill: ["filled", "lease_lost", "bounds", "floor", "epoch", "older"],
  promote: ["promoted", "gone"],
  drop: ["dropped", "gone"],
};
const gated = ["hash", "json", "prefix", "companion"].flatMap((kind) => [
  [`lease ${kind}`, ["hit", "leased", "busy", ...(kind === "companion" ? [] : ["foreign"])]] as const,
  [`set ${kind}`, ["stored", "lease_lost", "bounds", "floor", "older", ...(kind === "companion" ? [] : ["foreign"])]] as const,
]);

test(`${CASES} random steps on random states end alike in Lua and in decide-fill.ts`, async () => {
  const run = await entryServer(client, nowUs);
  const cases = new EntryCases(rng, { nowUs, prefix: `${freshPrefix("entries")}:` });
  const counts = new Map<string, number>();
  const disagreements: string[] = [];
  const compare = async (item: EntryCase) => {
    const [seen, due] = await Promise.all([run(item), runInMemory(item, nowUs)]);
    const cell = `${item.step} | ${outcomeOf(due.reply)}`;
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
    if (textOf(seen) !== textOf(due))
      disagreements.push(`${item.step} ${textOf([...item.keys])} ${textOf(item.request)}: Lua ${textOf(seen)}, decided ${textOf(due)}`);
  };
  for (let done = 0; done < CASES && disagreements.length < 3; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => compare(cases.next(i))));
  }
  const rows = [...Object.entries(outcomes), ...gated].map(
    ([step, names]) => `${step.padEnd(16)} ${names.map((name) => `${name} ${counts.get(`${step} | ${name}`) ?? 0}`).join(", ")}`,
  );
  process.stdout.write(`entry scripts against decide-fill.ts, seed ${rng.seed}\n${rows.join("\n")}\n`);
  expect(disagreements.slice(0, 3)).toEqual([]);
  const known = [...Object.entries(outcomes), ...gated].flatMap(([step, names]) => names.map((name) => `${step} | ${name}`));
  expect(known.filter((cell) => (counts.get(cell) ?? 0) < OFTEN)).toEqual([]);
  expect([...counts.keys()].filter((cell) => !known.includes(cell))).toEqual([]);
}, 360_000);
