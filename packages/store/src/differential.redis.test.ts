import { bust, bustOutcomes } from "@freshet/protocol";
import { createRng, freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type CaseClock, floorStates } from "../tests/cases.js";
import { disagreement, observe, randomBatch } from "../tests/differential.js";
import { fixedTimeArgs, replaceOnce, withFixedTime } from "../tests/edits.js";
import { scripts } from "./generated/scripts.js";

const BATCH = 200;
const rng = createRng();
let client: Redis;

beforeAll(() => {
  client = new Redis(testRedisUrl(), { lazyConnect: false });
});
afterAll(async () => {
  await client.quit();
});

/** Runs batches until as many states were tried; answers with the counts and the first few disagreements. */
async function compare(states: number, script: string, clockOf: () => CaseClock) {
  const prefix = `${freshPrefix("differential")}:`;
  const counts = new Map<string, number>();
  const disagreements: string[] = [];
  for (let tried = 0; tried < states; tried += BATCH) {
    const clock = clockOf();
    const batch = randomBatch(rng, clock, { prefix, size: BATCH });
    const more = clock.onEdges ? fixedTimeArgs(clock.nowUs) : [];
    const seen = await observe(client, { text: script, more }, batch);
    for (const [i, item] of batch.entries()) {
      const observed = seen[i];
      if (observed === undefined) throw new Error("a case was not observed");
      const cell = `${item.kind} | ${observed.outcome} | ${item.floorState}`;
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
      const why = disagreement(item, observed, bust);
      if (why !== null) disagreements.push(`seed ${rng.seed}: ${why} for ${JSON.stringify(item)}`);
    }
  }
  await client.unlink(Array.from({ length: BATCH }, (_, i) => `${prefix}${i}`));
  return { counts, disagreements: disagreements.slice(0, 3) };
}

/** Cells that no state reaches, each with the reason. */
function whyUnreachable(kind: string, outcome: string, floorState: string): string | null {
  const isGated = kind === "managed" || kind === "hash gated";
  if (outcome === "softened") return "soft busts come with a later release";
  if (!isGated && floorState === "stray") return kind === "hash" ? null : "only a hash has room for floors";
  if (!isGated && floorState !== "none") return "without a gate no floor counts";
  if (isGated && floorState === "stray") return "with a gate every floor counts";
  if (kind === "opaque" && (outcome === "covered" || outcome === "unversioned")) return "an opaque entry has no version to read";
  if (floorState === "own" && outcome === "covered") return "nothing covers a blind bust";
  return null;
}

test("100,000 random states end alike in bust.lua and in decide.ts", async () => {
  const { counts, disagreements } = await compare(100_000, scripts.bust.text, () => ({
    nowUs: Date.now() * 1000,
    onEdges: false,
  }));
  expect(disagreements).toEqual([]);
  const rows: string[] = [];
  const thin: string[] = [];
  for (const kind of ["managed", "hash gated", "hash", "json", "opaque"]) {
    for (const outcome of bustOutcomes) {
      const cells = [...floorStates, "own", "stray"].map((floorState) => {
        const count = counts.get(`${kind} | ${outcome} | ${floorState}`) ?? 0;
        const reason = whyUnreachable(kind, outcome, floorState);
        if (reason === null && count < 100) thin.push(`${kind} ${outcome} ${floorState}: ${count}`);
        if (reason !== null && count > 0) thin.push(`${kind} ${outcome} ${floorState}: ${count}, though ${reason}`);
        return reason === null ? String(count) : "-";
      });
      rows.push([kind.padEnd(10), outcome.padEnd(11), ...cells.map((cell) => cell.padStart(13))].join(" "));
    }
  }
  const head = [" ".repeat(22), ...[...floorStates, "own", "stray"].map((name) => name.padStart(13))].join(" ");
  process.stdout.write(`bust.lua against decide.ts, seed ${rng.seed}\n${head}\n${rows.join("\n")}\n`);
  expect(thin).toEqual([]);
}, 120_000);

test("on the very boundaries of floors, leases and keep-until they end alike too", async () => {
  const script = withFixedTime(scripts.bust.text);
  // A minute ahead of the server's clock, so that nothing expires between the step and the look at what it left.
  const nowUs = (Date.now() + 60_000) * 1000;
  const { disagreements } = await compare(20_000, script, () => ({ nowUs, onEdges: true }));
  expect(disagreements).toEqual([]);
}, 60_000);

test("an edit that does not apply is noticed", () => {
  expect(() => replaceOnce("abc", "x", "y")).toThrow("does not apply");
});
