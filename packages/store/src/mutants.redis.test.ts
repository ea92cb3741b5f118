import { readFileSync } from "node:fs";
import { compareVersions, limits } from "@freshet/protocol";
import { createRng, freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { compileModule } from "../tests/compile.js";
import { type Batch, disagreement, type Observed, observe, randomBatch, shipped } from "../tests/differential.js";
import { fixedTimeArgs, replaceOnce, withFixedTime } from "../tests/edits.js";
import { decideMutants, floorMutants, luaMutants } from "../tests/mutants.js";
import type { DecideBust } from "./memory-busts.js";

/** The same states for each mutant: the question is whether they tell it from the original, not what is found today. */
const SEED = 20_251_121;
const BATCHES = 300;
const textOf = (name: string) => readFileSync(new URL(`../../protocol/src/${name}.ts`, import.meta.url), "utf8");
const [decideText, floorsText, versionText] = [textOf("decide"), textOf("floors"), textOf("version")];
// An hour ahead of the server's clock, so that nothing expires between the step and the look at what it left.
const nowUs = (Date.now() + 3_600_000) * 1000;
const prefix = `${freshPrefix("mutants")}:`;
const rng = createRng(SEED);
const batches = Array.from({ length: BATCHES }, () => randomBatch(rng, { nowUs, onEdges: true }, prefix));
let client: Redis;

beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.quit();
});

type Script = keyof typeof shipped;

async function observeWith(texts: Record<Script, string>, batch: Batch): Promise<Observed> {
  const fixed = { bust: withFixedTime(texts.bust), "bust-other": withFixedTime(texts["bust-other"]) };
  return await observe(client, { texts: fixed, more: fixedTimeArgs(nowUs) }, batch);
}

const isOf = (script: Script, { shape }: Batch) => (shape.entry.kind === "managed") === (script === "bust");

/** Whether any state tells an edited script from what is decided; a script that fails is told too, and leaves nothing behind. */
async function isNoticed(script: Script, text: string): Promise<boolean> {
  for (const batch of batches.filter((one) => isOf(script, one))) {
    const [seen] = await Promise.allSettled([observeWith({ ...shipped, [script]: text }, batch)]);
    if (seen.status === "rejected") {
      await client.unlink(...batch.keys.keys());
      return true;
    }
    if (disagreement(batch, seen.value) !== null) return true;
  }
  return false;
}

describe.each(["bust", "bust-other"] as const)("%s.lua, edited", (script) => {
  test("as shipped it agrees", async () => {
    expect(await isNoticed(script, shipped[script])).toBe(false);
  }, 180_000);

  test.each(luaMutants.filter((mutant) => mutant.script === script))(
    "$name: noticed",
    async ({ from, to }) => {
      expect(await isNoticed(script, replaceOnce(shipped[script], from, to))).toBe(true);
    },
    180_000,
  );
});

describe("what is decided, edited", () => {
  const seenByAll: { readonly batch: Batch; readonly seen: Observed }[] = [];
  beforeAll(async () => {
    for (const batch of batches) seenByAll.push({ batch, seen: await observeWith(shipped, batch) });
  }, 180_000);
  const disagrees = (decide: DecideBust) => seenByAll.some(({ batch, seen }) => disagreement(batch, seen, decide) !== null);
  const decideWith = ({ decide = decideText, floors = floorsText, compare = compareVersions as unknown }): DecideBust => {
    const names = ["covers", "liveFloors", "raiseFloor", "standsUnderFloor"];
    const given = compileModule(floors, names, { compareVersions: compare });
    return compileModule(decide, ["bust"], { ...given, limits }).bust as DecideBust;
  };

  test("as shipped it agrees", () => {
    expect(disagrees(decideWith({}))).toBe(false);
  });

  test.each(decideMutants)("decide.ts, $name: noticed", ({ from, to }) => {
    expect(disagrees(decideWith({ decide: replaceOnce(decideText, from, to) }))).toBe(true);
  });

  test.each(floorMutants)("floors.ts, $name: noticed", ({ from, to }) => {
    expect(disagrees(decideWith({ floors: replaceOnce(floorsText, from, to) }))).toBe(true);
  });

  test("versions compared by bytes only: noticed", () => {
    const edited = replaceOnce(versionText, "if (a.length !== b.length) return a.length - b.length;", "");
    expect(disagrees(decideWith({ compare: compileModule(edited, ["compareVersions"], {}).compareVersions }))).toBe(true);
  });
});
