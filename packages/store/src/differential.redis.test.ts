import { bust, bustOutcomes, limits, liveFloors } from "@freshet/protocol";
import { createRng, freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type Case, type CaseClock, shapeNames } from "../tests/cases.js";
import { type Batch, disagreement, observe, randomBatch, shipped, show, sorted } from "../tests/differential.js";
import { fixedTimeArgs, replaceOnce, withFixedTime } from "../tests/edits.js";
import { type EntryAt, readEntry } from "./memory-keys.js";
import { Keyspace } from "./memory-keyspace.js";

const rng = createRng();
const prefix = `${freshPrefix("differential")}:`;
let client: Redis;

beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.quit();
});

/** How floors can stand to a bust. `own`: a floor of the subject of a blind bust. */
const floorStates = [
  ...["none", "older", "equal", "newer", "expired", "other", "own", "full", "blind", "blind expired", "unreadable"],
] as const;

function floorStateOf({ bust: { entry, subject, version, ...at }, keys, isDamaged }: Case, nowUs: number): string {
  const space = new Keyspace(() => nowUs);
  for (const [key, stored] of keys) space.set(key, stored ?? undefined);
  const target: EntryAt = { ...at, entry };
  const state = readEntry(space, target, { subject, nowUs });
  if (isDamaged) return "unreadable";
  const { floors, blindFloor } = liveFloors(state, { floorTtlMs: entry.floorTtlMs, nowUs });
  const own = floors.find((floor) => floor.subject === subject);
  if (own !== undefined && version === null) return "own";
  if (own !== undefined && version !== null) return standing(own.version, version);
  if (floors.length === limits.floorsPerEntryMax) return "full";
  if (floors.length > 0) return "other";
  if (blindFloor !== null) return "blind";
  return state.floors.length > 0 ? "expired" : state.blindFloor === null ? "none" : "blind expired";
}

function standing(held: string, version: string): string {
  const difference = BigInt(held) - BigInt(version);
  return difference === 0n ? "equal" : difference < 0n ? "older" : "newer";
}

/** Cells that no state reaches, each with the reason. */
function whyUnreachable(kind: string, outcome: string, floorState: string): string | null {
  const isGated = kind.startsWith("managed") || kind.endsWith("gated");
  if (outcome === "softened" && kind !== "managed soft" && kind !== "managed unfloored") return "only managed values can be softened";
  if (outcome === "removed" && kind === "managed soft") return "a soft bust removes nothing";
  if (!isGated && floorState !== "none") return "without a gate no floor counts";
  if (kind === "opaque" && (outcome === "covered" || outcome === "unversioned")) return "an opaque entry has no version to read";
  if (floorState === "own" && outcome === "covered") return "nothing covers a blind bust";
  return null;
}

test("100,000 random states and more end alike in Lua and in decide.ts", async () => {
  const counts = new Map<string, number>();
  const disagreements: string[] = [];
  let isEnough = false;
  for (let tried = 0, checkAt = 100_000; !isEnough && tried < 400_000; ) {
    const nowUs = Date.now() * 1000;
    const batch = randomBatch(rng, { nowUs, onEdges: false }, prefix);
    const seen = await observe(client, { texts: shipped, more: [] }, batch);
    for (const [i, item] of batch.cases.entries()) {
      const cell = `${batch.shape.name} | ${seen.outcomes[i]} | ${floorStateOf(item, nowUs)}`;
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    const why = disagreement(batch, seen);
    if (why !== null) disagreements.push(`seed ${rng.seed}: ${why}`);
    tried += batch.cases.length;
    if (tried < checkAt) continue;
    isEnough = table(counts).thin.length === 0;
    checkAt += 10_000;
  }
  expect(disagreements.slice(0, 3)).toEqual([]);
  const { rows, thin } = table(counts);
  process.stdout.write(`bust.lua and bust-other.lua against decide.ts, seed ${rng.seed}\n${rows.join("\n")}\n`);
  expect(thin).toEqual([]);
}, 900_000);

/** Counts by kind, outcome and floor state, and the cells that have too few. */
function table(counts: ReadonlyMap<string, number>): { rows: string[]; thin: string[] } {
  const rows = [[" ".repeat(29), ...floorStates.map((name) => name.padStart(13))].join(" ")];
  const thin: string[] = [];
  for (const kind of shapeNames) {
    for (const outcome of bustOutcomes) {
      const cells = floorStates.map((floorState) => {
        const count = counts.get(`${kind} | ${outcome} | ${floorState}`) ?? 0;
        const reason = whyUnreachable(kind, outcome, floorState);
        if (reason === null && count < 100) thin.push(`${kind} ${outcome} ${floorState}: ${count}`);
        if (reason !== null && count > 0) thin.push(`${kind} ${outcome} ${floorState}: ${count}, though ${reason}`);
        return reason === null ? String(count) : "-";
      });
      rows.push([kind.padEnd(17), outcome.padEnd(11), ...cells.map((cell) => cell.padStart(13))].join(" "));
    }
  }
  return { rows, thin };
}

// A minute ahead of the server's clock, so that nothing expires between the step and the look at what it left.
const edgeClock = (): CaseClock => ({ nowUs: (Date.now() + 60_000) * 1000, onEdges: true });
const fixed = { bust: withFixedTime(shipped.bust), "bust-other": withFixedTime(shipped["bust-other"]) };

test("on the very boundaries of floors and leases they end alike too", async () => {
  for (let tried = 0; tried < 200; tried++) {
    const clock = edgeClock();
    const batch = randomBatch(rng, clock, prefix);
    const seen = await observe(client, { texts: fixed, more: fixedTimeArgs(clock.nowUs) }, batch);
    expect(disagreement(batch, seen, bust)).toBeNull();
  }
}, 180_000);

test("the fast path and the slow path of bust.lua do the same", async () => {
  const slow = { ...fixed, bust: replaceOnce(fixed.bust, 'if before or version == "" then', "if true then") };
  let tried = 0;
  while (tried < 100) {
    const clock = edgeClock();
    const batch: Batch = randomBatch(rng, clock, prefix);
    if (!batch.shape.name.startsWith("managed")) continue;
    tried += 1;
    const [one, other] = [
      await observe(client, { texts: fixed, more: fixedTimeArgs(clock.nowUs) }, batch),
      await observe(client, { texts: slow, more: fixedTimeArgs(clock.nowUs) }, batch),
    ];
    expect(other.outcomes).toEqual(one.outcomes);
    for (const [key, stored] of one.after) {
      expect([key, show(sorted(other.after.get(key) ?? null))]).toEqual([key, show(sorted(stored))]);
    }
  }
}, 180_000);

test("an edit that does not apply is noticed", () => {
  expect(() => replaceOnce("abc", "x", "y")).toThrow("does not apply");
});
