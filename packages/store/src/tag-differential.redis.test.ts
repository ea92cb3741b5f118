import { createRng, freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { randomSequence } from "../tests/tag-ops.js";
import { tagServer } from "../tests/tag-redis.js";
import { decideOp, decisions, worldText } from "../tests/tag-world.js";

const STEPS = 100_000;
const LENGTH = 30;
/** What every step must have ended in, often enough to mean something. */
const labels: Readonly<Record<string, readonly string[]>> = {
  "bust-tag": ["pending", "covered", "merged", "folded", "list folded", "pending in preview", "covered in preview"],
  "index-add": [
    "new",
    "new, pending",
    "new, trims",
    "new, trims, pending",
    "raised",
    "raised, pending",
    "raised by one",
    "raised by one, pending",
    "ahead",
    "past",
  ],
  "index-remove": ["removed", "kept"],
  "index-trim": ["none", "some", "all"],
  "sweep-claim": ["begun", "claimed again", "taken over at once", "taken over", "held", "idle"],
  "sweep-move": ["moved", "lost"],
  "sweep-end": ["ended", "more", "lost"],
  "epoch-get": ["made", "read", "made to live on"],
  "epoch-bump": ["bumped hard", "bumped soft", "bumped after a loss", "covered", "bumped in preview", "covered in preview"],
  "registry-add": ["added", "raised"],
  "registry-forget": ["forgotten", "kept"],
};

const rng = createRng();
let client: Redis;
beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.quit();
});

test("100,000 random steps on tags end alike in Lua and in decide.ts", async () => {
  const prefix = `${freshPrefix("tag-differential")}:`;
  const server = await tagServer(client, prefix);
  const counts = new Map<string, number>();
  const disagreements: string[] = [];
  // An hour ahead of the server's clock, so that no key expires between a step and the look at what it left.
  const nowUs = (Date.now() + 3_600_000) * 1000;
  for (let i = 0, steps = 0; steps < STEPS && disagreements.length < 3; i++) {
    const { before, ops } = randomSequence(rng, { nowUs, length: LENGTH, by: decisions });
    steps += ops.length;
    const seen = await server.run("a", before, ops);
    let world = before;
    for (const [at, op] of ops.entries()) {
      const due = decideOp(world, op, decisions);
      world = due.world;
      const cell = `${op.step} | ${due.label}`;
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
      const [is, was] = [JSON.stringify(seen[at]), JSON.stringify({ reply: due.reply, text: worldText(world) })];
      if (is === was) continue;
      disagreements.push(`seed ${rng.seed}, sequence ${i}, step ${at}: ${JSON.stringify(op)}\nleft    ${is}\ndecided ${was}`);
      break;
    }
  }
  await client.unlink(`${prefix}clock`);
  expect(disagreements.join("\n\n")).toBe("");
  const cells = Object.entries(labels).flatMap(([step, outcomes]) => outcomes.map((outcome) => `${step} | ${outcome}`));
  const rows = cells.map((cell) => `${cell.padEnd(40)}${String(counts.get(cell) ?? 0).padStart(8)}`);
  process.stdout.write(`steps on tags, Lua against decide.ts, seed ${rng.seed}\n${rows.join("\n")}\n`);
  expect(cells.filter((cell) => (counts.get(cell) ?? 0) < 100)).toEqual([]);
  expect([...counts.keys()].filter((cell) => !cells.includes(cell))).toEqual([]);
}, 900_000);
